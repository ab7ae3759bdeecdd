import { type Codec, type CodecName, Codecs } from '../codecs/index.ts';
import { Prompts } from '../prompts/index.ts';

const NAMES = ['enter-pin', 'wrong-pin', 'goodbye', 'alone', 'joined', 'muted', 'unmuted'] as const;

/** All prompts in sequence, as encoded frames of 20 ms. They are speech if the spoken prompts have been built. */
export async function speechFrames(name: CodecName, sampleRate: number): Promise<Uint8Array[]> {
  const codecs = await Codecs.load();
  const codec: Codec = await codecs.createCodec(name, { sampleRate, bitrateBps: 32_000 });
  const prompts = new Prompts();
  const frames: Uint8Array[] = [];
  for (const prompt of NAMES) {
    const { samples, sampleRate: fromHz } = prompts.prompt(prompt, 'en');
    const resampler = codecs.createResampler(fromHz, codec.sampleRate);
    for (let at = 0; at + fromHz / 50 <= samples.length; at += fromHz / 50) {
      const frame = new Int16Array(codec.sampleRate / 50);
      frame.set(resampler.process(samples.subarray(at, at + fromHz / 50)).subarray(0, frame.length));
      frames.push(codec.encode(frame).slice());
    }
    resampler.close();
  }
  codec.close();
  return frames;
}
