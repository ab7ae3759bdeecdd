/** What keys mean in a room. */
export type KeyCommand = 'toggle-mute' | 'toggle-hand';

const COMMANDS: ReadonlyMap<string, KeyCommand> = new Map([
  ['*6', 'toggle-mute'],
  ['*9', 'toggle-hand'],
]);
/** Longest pause between the two keys of a command, in milliseconds. */
const PAUSE_MS = 3000;

/** Reads the commands of two keys that people in a room press: `*6` mutes and unmutes, `*9` raises and lowers the hand. */
export class KeyCommands {
  #star: number | undefined;

  press(key: string, nowMs: number): KeyCommand | undefined {
    const star = this.#star;
    this.#star = key === '*' ? nowMs : undefined;
    if (star === undefined || nowMs - star > PAUSE_MS) return undefined;
    return COMMANDS.get(`*${key}`);
  }
}
