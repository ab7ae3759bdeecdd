import type { TelephonyConfig } from '../../../contract/index.ts';
import type { DialIn } from '../../kernel/index.ts';

/**
 * How to call into a room: by a number that leads to it, or by one that asks for a PIN if the room has one. Only whole numbers count, not
 * patterns.
 */
export function dialInOf(
  { dialPlan, pins }: Pick<TelephonyConfig, 'dialPlan' | 'pins'>,
  roomId: string,
): DialIn | undefined {
  const rules = dialPlan.filter(
    ({ direction, pattern }) => direction === 'incoming' && /^\+?\d+$/.test(pattern),
  );
  for (const { pattern: number, action } of rules) {
    if (action.type === 'room' && action.roomId === roomId) {
      return { number, ...(action.pin !== undefined && { pin: action.pin }) };
    }
  }
  const pin = pins.find((each) => each.roomId === roomId && !each.isModerator)?.pin;
  const prompt = rules.find(({ action }) => action.type === 'pin');
  return pin !== undefined && prompt ? { number: prompt.pattern, pin } : undefined;
}
