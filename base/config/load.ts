import { readFileSync } from 'node:fs';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { CanopyError } from '../errors/index.ts';
import { configKeys } from './keys.ts';
import { type Config, configSchema, contradictions } from './schema.ts';

export interface ConfigSources {
  /** JSON file; an explicit one must exist. */
  file?: string | undefined;
  /** Default `process.env`; only `CANOPY_*` is read. */
  env?: NodeJS.ProcessEnv;
  /** Values by path (`rtc.port`), as the command line gave them; undefined ones are left out. */
  flags?: Record<string, unknown>;
}

/**
 * Reads and validates the configuration: defaults, then the file, then the environment, then flags.
 *
 * @throws {CanopyError} CONFIG_INVALID - names the key, its value and what to write instead; for an unknown key, the nearest existing one
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
      // Compose files and systemd units leave a variable empty when it is not set.
      if (value !== '' || key.default !== undefined) {
        set(raw, key.path, value);
      }
    }
  }
  for (const [path, value] of Object.entries(flags)) {
    if (value !== undefined) {
      set(raw, path, value);
    }
  }
  const result = configSchema.safeParse(raw, { reportInput: true });
  const problems = result.success
    ? contradictions(result.data)
    : result.error.issues.map((issue) =>
        describe(
          issue,
          keys.map((key) => key.path),
        ),
      );
  if (!result.success || problems.length > 0) {
    throw new CanopyError('CONFIG_INVALID', problems.join('; '));
  }
  const { sip, ...rest } = result.data;
  return { ...rest, sip: { ...sip, host: sip.host ?? rest.server.host } };
}

/**
 * Variables with this prefix that are not settings: `CANOPY_CONFIG` and `CANOPY_API_KEY` stand for flags, the tests read `CANOPY_CHROMIUM`
 * and `CANOPY_FIREFOX`, and a release uses the others to locate its parts for phones.
 */
const FOREIGN_VARIABLES = new Set([
  'CANOPY_CONFIG',
  'CANOPY_API_KEY',
  'CANOPY_CHROMIUM',
  'CANOPY_FIREFOX',
  'CANOPY_CODECS',
  'CANOPY_UDP',
  'CANOPY_SRTP',
  'CANOPY_DTLS',
  'CANOPY_PROMPTS',
]);

/** The part of the file that JSON.parse() quotes, which may be a secret. */
const QUOTATION = /, (?:\.\.\.)?".*"(?:\.\.\.)? is not valid JSON$/s;

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
    const why = (error as Error).message.replace(QUOTATION, '');
    throw new CanopyError('CONFIG_INVALID', `${file} is not JSON: ${why}`, { cause: error });
  }
  throw new CanopyError('CONFIG_INVALID', `${file} must contain a JSON object`);
}

function set(raw: Record<string, unknown>, path: string, value: unknown): void {
  const [section = '', name = ''] = path.split('.');
  const old = raw[section];
  raw[section] = { ...(typeof old === 'object' ? old : {}), [name]: value };
}

function describe(issue: z.core.$ZodIssue, paths: string[]): string {
  // The shown value identifies a list item, so its index is omitted.
  const path = issue.path
    .filter((key, index, all) => typeof key !== 'number' || index < all.length - 1)
    .join('.');
  if (issue.code !== 'unrecognized_keys') {
    // A refinement of a whole section already names its keys.
    return issue.path.length < 2 && issue.code === 'custom'
      ? issue.message
      : `${path}${shown(issue)}: ${issue.message}`;
  }
  return issue.keys
    .map((key) => {
      const full = path ? `${path}.${key}` : key;
      const known = path ? paths : [...new Set(paths.map((candidate) => candidate.split('.')[0] ?? ''))];
      return `${full} is unknown; did you mean ${closest(full, known)}?`;
    })
    .join('; ');
}

/** Keys whose values are secret; a URL may hold a password. */
const SECRET = /secret|credential|password|^url$/i;
/** A URL with a password, wherever it is. */
const WITH_PASSWORD = /:\/\/[^/]*:[^/]*@/;
const MAX_SHOWN_LENGTH = 100;

/** The value in parentheses, unless it may be a secret or is too long to be useful. What stands in the place of a section may be anything. */
function shown({ path, input }: z.core.$ZodIssue): string {
  if (path.length < 2 || input === undefined || typeof input === 'object') {
    return '';
  }
  if (path.some((key) => SECRET.test(String(key))) || WITH_PASSWORD.test(String(input))) {
    return '';
  }
  const text = JSON.stringify(input) ?? '';
  return text.length > MAX_SHOWN_LENGTH ? '' : ` (${text})`;
}
