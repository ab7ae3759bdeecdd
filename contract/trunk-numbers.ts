/** How telephone numbers are written at a trunk: pure functions shared by the server and the gateway. */
import { z } from 'zod';

export const trunkNumbers = z
  .object({
    /** Country calling code of the trunk, e.g. `49`. Required to convert numbers. */
    countryCode: z
      .string()
      .regex(/^[1-9]\d{0,2}$/)
      .optional(),
    /** What is dialled before a national number; empty where there is nothing, as in Spain. */
    nationalPrefix: z
      .string()
      .regex(/^\d{0,4}$/)
      .default('0'),
    /** What is dialled before a foreign number. */
    internationalPrefix: z
      .string()
      .regex(/^\d{1,5}$/)
      .default('00'),
    /** How called numbers are sent: `+4930123456`, `4930123456`, `004930123456`, `030123456`, or as the dial plan makes them. */
    outgoing: z.enum(['unchanged', 'e164', 'digits', 'international', 'national']).default('unchanged'),
    /** Sent before each called number, e.g. a prefix that the provider has assigned. */
    outgoingPrefix: z
      .string()
      .regex(/^[0-9*#+]{0,20}$/)
      .default(''),
    /**
     * How the trunk writes numbers of its callers and called numbers. `dialled`: with `+` or the prefixes; `digits`: all digits, without `+`.
     * Both are converted to E.164 (`+4930123456`) before the dial plan is applied.
     */
    incoming: z.enum(['unchanged', 'dialled', 'digits']).default('unchanged'),
    /** Removed from the start of numbers that have it, before they are converted. */
    incomingPrefix: z
      .string()
      .regex(/^[0-9*#+]{0,20}$/)
      .default(''),
  })
  .refine(
    ({ countryCode, outgoing, incoming }) =>
      countryCode !== undefined || (outgoing === 'unchanged' && incoming === 'unchanged'),
    { error: 'to convert numbers, set countryCode', path: ['countryCode'] },
  );
export type TrunkNumbers = z.infer<typeof trunkNumbers>;

/** E.164 numbers have at most 15 digits. Shorter ones than this are service numbers, which mean something only in one country. */
const MAX_DIGITS = 15;
const MIN_DIGITS = 7;
/** A national number is at least as long. */
const MIN_NATIONAL_DIGITS = 3;

/** The number in E.164 form; undefined if it has none, as extensions, service numbers and names. */
export function e164(
  number: string,
  {
    countryCode,
    nationalPrefix,
    internationalPrefix,
  }: Pick<TrunkNumbers, 'countryCode' | 'nationalPrefix' | 'internationalPrefix'>,
): string | undefined {
  if (number.startsWith('+')) {
    return complete(number.slice(1));
  }
  if (!/^\d+$/.test(number)) {
    return undefined;
  }
  if (number.startsWith(internationalPrefix)) {
    const found = complete(number.slice(internationalPrefix.length));
    if (found !== undefined) {
      return found;
    }
  }
  if (countryCode === undefined || !number.startsWith(nationalPrefix)) {
    return undefined;
  }
  const national = number.slice(nationalPrefix.length);
  const least = nationalPrefix === '' ? MIN_DIGITS : MIN_NATIONAL_DIGITS;
  return national.length < least ? undefined : complete(countryCode + national);
}

function complete(digits: string): string | undefined {
  const isComplete = /^[1-9]\d+$/.test(digits) && digits.length <= MAX_DIGITS;
  return isComplete && digits.length >= MIN_NATIONAL_DIGITS + 1 ? `+${digits}` : undefined;
}

/** A called number as the trunk wants it. Numbers without E.164 form stay as they are. */
export function numberForTrunk(number: string, numbers: TrunkNumbers | undefined): string {
  if (!numbers) {
    return number;
  }
  const full = e164(number, numbers);
  const { outgoing, outgoingPrefix } = numbers;
  return outgoingPrefix + (full === undefined || outgoing === 'unchanged' ? number : written(full, numbers));
}

function written(
  full: string,
  { outgoing, countryCode = '', nationalPrefix, internationalPrefix }: TrunkNumbers,
) {
  const digits = full.slice(1);
  switch (outgoing) {
    case 'digits':
      return digits;
    case 'international':
      return internationalPrefix + digits;
    case 'national':
      return digits.startsWith(countryCode)
        ? nationalPrefix + digits.slice(countryCode.length)
        : internationalPrefix + digits;
    default:
      return full;
  }
}

/** A number that the trunk has sent, in E.164 form where it has one. */
export function numberFromTrunk(number: string, numbers: TrunkNumbers | undefined): string {
  if (!numbers) {
    return number;
  }
  const { incoming, incomingPrefix } = numbers;
  const plain =
    incomingPrefix !== '' && number.startsWith(incomingPrefix) ? number.slice(incomingPrefix.length) : number;
  if (incoming === 'unchanged' || plain === '') {
    return plain || number;
  }
  const isFull = incoming === 'digits' && plain.length >= MIN_DIGITS && !plain.startsWith('0');
  return (isFull ? e164(`+${plain}`, numbers) : undefined) ?? e164(plain, numbers) ?? plain;
}
