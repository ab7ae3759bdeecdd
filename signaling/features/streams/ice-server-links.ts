import type { RequestResult } from '../../../contract/index.ts';

/** The Link header fields for ICE servers (RFC 9725 §4.6). */
export function iceServerLinks(servers: RequestResult<'room.join'>['iceServers']): string[] {
  return servers.flatMap(({ urls, username, credential }) =>
    urls.map((url) =>
      [
        `<${url}>`,
        'rel="ice-server"',
        ...(username === undefined ? [] : [`username=${quoted(username)}`]),
        ...(credential === undefined
          ? []
          : [`credential=${quoted(credential)}`, 'credential-type="password"']),
      ].join('; '),
    ),
  );
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
