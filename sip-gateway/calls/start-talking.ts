import { isCallRoom } from '../../contract/index.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

type KeyCommand = 'toggle-mute' | 'toggle-hand';

const COMMANDS: ReadonlyMap<string, KeyCommand> = new Map([
  ['*6', 'toggle-mute'],
  ['*9', 'toggle-hand'],
]);
/** Maximum pause between the two keys of a command, in milliseconds. */
const PAUSE_MS = 3000;

/** Connects the phone to its room, both ways, and reads its keys as commands: `*6` toggles mute, `*9` raises or lowers the hand. */
export async function startTalking(host: CallHost, call: PhoneCall): Promise<void> {
  const commands = new KeyCommands();
  call.onPlayed = () => {};
  call.onKey = (key) => {
    const command = commands.press(key, performance.now());
    if (command === 'toggle-mute') {
      call.toggleMute();
    } else if (command === 'toggle-hand') {
      call.toggleHand();
    }
  };
  await call.connect();
  const { seat } = call;
  if (call.ended || !seat) {
    return;
  }
  // In a direct call somebody is there, or about to be.
  if (!isCallRoom(seat.roomId)) {
    call.play('joined');
    if ((host.rooms.find(seat.roomId)?.others ?? 0) === 0) {
      call.play('alone');
    }
  }
  if (seat.muted) {
    call.startMuted();
  }
}

/** Recognizes the two-key commands. */
class KeyCommands {
  #starMs: number | undefined;

  press(key: string, nowMs: number): KeyCommand | undefined {
    const starMs = this.#starMs;
    this.#starMs = key === '*' ? nowMs : undefined;
    if (starMs === undefined || nowMs - starMs > PAUSE_MS) {
      return undefined;
    }
    return COMMANDS.get(`*${key}`);
  }
}
