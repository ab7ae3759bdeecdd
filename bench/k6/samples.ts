import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** One stage that one person went through. */
export interface Sample {
  /** The stage, without prefix and unit: `join`. */
  stage: string;
  peer: number;
  /** When it was over, Unix time in milliseconds. */
  atMs: number;
  tookMs: number;
}

/** Reads what k6 wrote by `--out csv`: of all metrics, those of the stages, and the errors by code. */
export async function readSamples(
  file: string,
): Promise<{ samples: Sample[]; errors: Record<string, number> }> {
  const samples: Sample[] = [];
  const errors: Record<string, number> = {};
  let tagColumn = -1;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const fields = line.split(',');
    if (tagColumn < 0) {
      tagColumn = fields.indexOf('extra_tags');
      continue;
    }
    const code = fields[0] === 'canopy_errors' && /(?:^|&)code=([^&]+)/.exec(fields[tagColumn] ?? '')?.[1];
    if (code) errors[code] = (errors[code] ?? 0) + 1;
    const stage = /^canopy_(\w+)_ms$/.exec(fields[0] ?? '')?.[1];
    const peer = /(?:^|&)peer=(\d+)/.exec(fields[tagColumn] ?? '')?.[1];
    if (stage === undefined || peer === undefined) continue;
    samples.push({ stage, peer: Number(peer), atMs: Number(fields[1]), tookMs: Number(fields[2]) });
  }
  return { samples, errors };
}
