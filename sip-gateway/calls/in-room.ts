import { KeyCommands } from './key-commands.ts';
import type { CallHost, PhoneCall } from './phone-call.ts';

/** From now on the phone talks to its room: sound goes both ways, and its keys are commands. */
export async function talk(host: CallHost, call: PhoneCall): Promise<void> {
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
  call.play('joined');
  if ((host.rooms.find(seat.roomId)?.others ?? 0) === 0) {
    call.play('alone');
  }
}
