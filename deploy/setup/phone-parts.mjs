import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';
import { say, step } from './progress.mjs';

/** In a checkout, and in the installed package. Not there while a container's dependencies are installed. */
const folders = [join(root, 'sip-gateway'), join(root, 'dist', 'sip-gateway')];

/**
 * What the phone gateway has made on the machine that it runs on: its codecs, its UDP, and what callers hear. It does without each, if less
 * well: then this says what is lacking, and the start goes on.
 */
export async function ensurePhoneParts() {
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) return;
  await make(join(folder, 'codecs', 'build.mjs'), 'building the phone codecs');
  await make(join(folder, 'media', 'network', 'build.mjs'), "building what sends phones' packets");
  await make(join(folder, 'prompts', 'build.mjs'), 'making the prompts that callers hear');
}

/** @param {string} builder a module with `locate` and `build` @param {string} title */
async function make(builder, title) {
  /** @type {{ locate(): string | null, build(): { message?: string } }} */
  const { locate, build } = await import(pathToFileURL(builder).href);
  if (locate() !== null) return;
  const { message } = await step(title, async () => build());
  if (message !== undefined) say(message);
}
