import { readFileSync } from 'node:fs';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { CanopyError } from '../errors/index.ts';
import { configKeys } from './keys.ts';
import { type Config, configSchema } from './schema.ts';

export interface ConfigSources {
  /** JSON file; an explicit one must exist. */
  file?: string | undefined;
  /** Default `process.env`; only `CANOPY_*` is read. */
  env?: NodeJS.ProcessEnv;
  /** Values by path (`rtc.port`), as the command line gave them; undefined ones are left out. */
  flags?: Record<string, unknown>;
}

/**
 * Reads the configuration: defaults, then the file, then the environment, then flags.
 *
 * @throws CanopyError CONFIG_INVALID that names the key, and for an unknown one the nearest that exists.
 */
export function loadConfig({ file, env = process.env, flags = {} }: ConfigSources = {}): Config {
  const keys = configKeys();
  const raw: Record<string, unknown> = {};
  if (file !== undefined) {
    Object.assign(raw, readFile(file));
  }
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith('CANOPY_') && value !== undefined && !FOREIGN_VARIABLES.has(name)) {
      const key = keys.find((candidate) => candidate.env === name);
      if (!key) {
        const names = keys.map((candidate) => candidate.env);
        throw new CanopyError(
          'CONFIG_INVALID',
          `environment variable ${name} is unknown; did you mean ${closest(name, names)}?`,
        );
      }
      set(raw, key.path, value);
    }
  }
  for (const [path, value] of Object.entries(flags)) {
    if (value !== undefined) {
      set(raw, path, value);
    }
  }
  const result = configSchema.safeParse(raw);
  if (!result.success) {
    throw new CanopyError(
      'CONFIG_INVALID',
      result.error.issues
        .map((issue) =>
          describe(
            issue,
            keys.map((key) => key.path),
          ),
        )
        .join('; '),
    );
  }
  return result.data;
}

/**
 * Variables of this prefix that are no settings: `CANOPY_CONFIG` and `CANOPY_API_KEY` stand for flags, the tests read `CANOPY_CHROMIUM`,
 * and a container names by the others what was built for the phones.
 */
const FOREIGN_VARIABLES = new Set([
  'CANOPY_CONFIG',
  'CANOPY_API_KEY',
  'CANOPY_CHROMIUM',
  'CANOPY_CODECS',
  'CANOPY_UDP',
  'CANOPY_PROMPTS',
]);

function readFile(file: string): object {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CanopyError('CONFIG_INVALID', `cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value;
    }
  } catch (error) {
    throw new CanopyError('CONFIG_INVALID', `${file} is not JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  throw new CanopyError('CONFIG_INVALID', `${file} must hold a JSON object`);
}

function set(raw: Record<string, unknown>, path: string, value: unknown): void {
  const [section = '', name = ''] = path.split('.');
  const old = raw[section];
  raw[section] = { ...(typeof old === 'object' ? old : {}), [name]: value };
}

function describe(issue: z.core.$ZodIssue, paths: string[]): string {
  const path = issue.path.join('.');
  if (issue.code !== 'unrecognized_keys') {
    return `${path}: ${issue.message}`;
  }
  return issue.keys
    .map((key) => {
      const full = path ? `${path}.${key}` : key;
      const known = path ? paths : [...new Set(paths.map((candidate) => candidate.split('.')[0] ?? ''))];
      return `${full} is unknown; did you mean ${closest(full, known)}?`;
    })
    .join('; ');
}
