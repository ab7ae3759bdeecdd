import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';
import { say, step } from './progress.mjs';

/** In a checkout, and in the installed package. Not there while a container's dependencies are installed. */
const folders = [root, join(root, 'dist')];

/**
 * Builds what is built where it runs: the add-on for the UDP of phones and recordings, and the phones' codecs, SRTP, DTLS and spoken prompts. All are
 * optional: if one cannot be built, this prints what is missing, and the start continues.
 */
export async function ensurePhoneParts() {
  const folder = folders.find((path) => existsSync(join(path, 'sip-gateway')));
  if (folder === undefined) {
    return;
  }
  const gateway = join(folder, 'sip-gateway');
  await make(join(folder, 'base', 'udp', 'build.mjs'), 'building the UDP add-on of phones and recordings');
  await make(join(gateway, 'codecs', 'build.mjs'), 'building the phone codecs');
  await make(join(gateway, 'media', 'srtp', 'build.mjs'), "building the phones' encryption");
  await make(
    join(gateway, 'media', 'dtls', 'build.mjs'),
    "building the handshakes of the phones' encryption",
  );
  await make(join(gateway, 'prompts', 'build.mjs'), 'making the spoken prompts');
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
