import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One stage of one person. */
export interface Sample {
  /** The stage, without prefix and unit: `join`. */
  stage: string;
  peer: number;
  /** When it ended: Unix time in milliseconds. */
  atMs: number;
  tookMs: number;
}

const SWITCHING_PROTOCOLS = '101';

/**
 * Reads the output of `k6 --out csv`: the metrics of the stages, and the number of failures by kind. A refused handshake occurs twice: k6
 * tells the script only that there was one, and tags its own metric with the HTTP status.
 */
export async function readSamples(
  file: string,
): Promise<{ samples: Sample[]; errors: Record<string, number> }> {
  const samples: Sample[] = [];
  const errors: Record<string, number> = {};
  let columns: string[] | undefined;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const fields = line.split(',');
    if (!columns) {
      columns = fields;
      continue;
    }
    const [name = '', at, took] = fields;
    const tags = fields[columns.indexOf('extra_tags')] ?? '';
    const error = name === 'canopy_errors' ? tagOf(tags, 'error') : handshakeError(name, fields, columns);
    if (error !== undefined) {
      errors[error] = (errors[error] ?? 0) + 1;
    }
    const stage = /^canopy_(\w+)_ms$/.exec(name)?.[1];
    const peer = tagOf(tags, 'peer');
    if (stage === undefined || peer === undefined) {
      continue;
    }
    samples.push({ stage, peer: Number(peer), atMs: Number(at), tookMs: Number(took) });
  }
  return { samples, errors };
}

/** Tags of the scripts are joined as `name=value&name=value`. */
function tagOf(tags: string, name: string): string | undefined {
  const pair = tags.split('&').find((each) => each.startsWith(`${name}=`));
  return pair && decodeURIComponent(pair.slice(name.length + 1));
}

/** The HTTP status of a refused WebSocket handshake; undefined if there was no response. */
function handshakeError(metric: string, fields: string[], columns: string[]): string | undefined {
  const status = fields[columns.indexOf('status')];
  if (metric !== 'ws_connecting' || !status || status === SWITCHING_PROTOCOLS) {
    return undefined;
  }
  return `handshake: HTTP ${status}`;
}
