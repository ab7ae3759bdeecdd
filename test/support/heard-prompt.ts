import { locatePrompts } from '../../sip-gateway/index.ts';
import type { Baresip } from './baresip.ts';
import { likeness, readWav } from './likeness.ts';
import { eventually } from './wait.ts';

/** Folder of the gateway's prompts. Undefined: they could not be made, as espeak-ng is missing. */
export const prompts = locatePrompts();

/**
 * Waits until a phone has heard an English prompt.
 *
 * @param name the prompt's file name without language and extension, e.g. `recorded`
 * @param since how many samples the phone had recorded ({@link heardSamples}) when the prompt was still to come. Default 0.
 */
export async function hearsPrompt(phone: Baresip, name: string, since = 0): Promise<void> {
  const prompt = readWav(`${prompts}/en-${name}.wav`);
  await eventually(
    `“${name}” is heard`,
    async () => {
      const { samples, rateHz } = await phone.recording();
      return rateHz === 0 ? 0 : likeness({ samples: samples.subarray(since), rateHz }, prompt);
    },
    (like) => like > 0.9,
  );
}

/** How many samples a phone has recorded so far. */
export async function heardSamples(phone: Baresip): Promise<number> {
  return (await phone.recording()).samples.length;
}
