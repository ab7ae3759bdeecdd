/** Creates one-time invitations over the REST API, one for each load peer. */
export async function makeInvitation(
  server: { url: string; apiKey: string },
  call: typeof fetch = fetch,
): Promise<string> {
  const response = await call(new URL('/api/invites', server.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${server.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'member' }),
  });
  if (!response.ok) {
    throw new Error(`no invitation: ${response.status} ${await response.text()}`);
  }
  const { url } = (await response.json()) as { url: string };
  return url;
}
