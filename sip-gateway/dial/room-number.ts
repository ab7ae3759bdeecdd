import { matchDialRule, type TelephonyConfig } from '../../contract/index.ts';

/** A pattern without wildcards. */
const PLAIN_NUMBER = /^[0-9A-WYZa-z+#._~-]+$/;

/** The number that reaches a room without a PIN; undefined if the dial plan has none. */
export function roomNumber(
  { dialPlan }: Pick<TelephonyConfig, 'dialPlan'>,
  roomId: string,
): string | undefined {
  const rule = dialPlan.find(
    ({ direction, pattern, action }) =>
      direction === 'incoming' &&
      action.type === 'room' &&
      action.roomId === roomId &&
      action.pin === undefined &&
      PLAIN_NUMBER.test(pattern),
  );
  // An earlier rule may route the number differently.
  return rule && matchDialRule(dialPlan, 'incoming', rule.pattern) === rule ? rule.pattern : undefined;
}
