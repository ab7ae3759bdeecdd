import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';
import { say, step } from './progress.mjs';

/** In a checkout, and in the installed package. Not there while a container's dependencies are installed. */
const folders = [join(root, 'sip-gateway'), join(root, 'dist', 'sip-gateway')];

/**
 * Builds what the phone gateway needs on the machine it runs on: codecs, the add-ons for UDP, SRTP and DTLS, and the spoken prompts. All are
 * optional: if one cannot be built, this prints what is missing, and the start continues.
 */
export async function ensurePhoneParts() {
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) {
    return;
  }
  await make(join(folder, 'codecs', 'build.mjs'), 'building the phone codecs');
  await make(join(folder, 'media', 'network', 'build.mjs'), "building the phones' UDP add-on");
  await make(join(folder, 'media', 'srtp', 'build.mjs'), "building the phones' encryption");
  await make(join(folder, 'media', 'dtls', 'build.mjs'), "building the handshakes of the phones' encryption");
  await make(join(folder, 'prompts', 'build.mjs'), 'making the spoken prompts');
}

/** @param {string} builder a module with `locate` and `build` @param {string} title */
async function make(builder, title) {
  /** @type {{ locate(): string | null, build(): { message?: string } }} */
  const { locate, build } = await import(pathToFileURL(builder).href);
  if (locate() !== null) {
    return;
  }
  const { message } = await step(title, async () => build());
  if (message !== undefined) {
    say(message);
  }
}
