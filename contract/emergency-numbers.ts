import { e164, type TrunkNumbers } from './trunk-numbers.ts';

/** Emergency numbers that are known far beyond their countries. */
const WELL_KNOWN = ['112', '911', '999', '000'];

/** Further emergency numbers, by country calling code. Numbers of the same length as common extensions only count in their country. */
const NATIONAL: Readonly<Record<string, readonly string[]>> = {
  '7': ['101', '102', '103'],
  '32': ['100', '101'],
  '33': ['15', '17', '18', '114'],
  '34': ['061', '062', '080', '085', '091', '092'],
  '36': ['104', '105', '107'],
  '39': ['113', '115', '118'],
  '41': ['117', '118', '144'],
  '43': ['122', '133', '144'],
  '48': ['997', '998'],
  '49': ['110'],
  '55': ['190', '192', '193'],
  '61': ['106'],
  '64': ['111'],
  '81': ['110', '118', '119'],
  '82': ['119'],
  '86': ['110', '119', '120', '122'],
  '91': ['100', '101', '102', '108'],
  '420': ['150', '155', '156', '158'],
};

/** What the emergency numbers of a trunk depend on. */
interface Emergencies {
  readonly numbers?: TrunkNumbers | undefined;
  readonly limits?: { readonly emergencyNumbers?: readonly string[] | undefined } | undefined;
}

/** The numbers that a trunk refuses because nobody would come: those of its settings, or else the well-known ones and its country's. */
function emergencyNumbersOf({ numbers, limits }: Emergencies): readonly string[] {
  return limits?.emergencyNumbers ?? [...WELL_KNOWN, ...(NATIONAL[numbers?.countryCode ?? ''] ?? [])];
}

/** Whether a number, as dialled or as sent to the trunk, is one of its emergency numbers. */
export function isEmergencyNumber(number: string, trunk: Emergencies): boolean {
  const country = trunk.numbers?.countryCode;
  const full = trunk.numbers && e164(number, trunk.numbers);
  return emergencyNumbersOf(trunk).some(
    (emergency) =>
      number === emergency ||
      // Also with the country's code before it, as the conversion of numbers would write it.
      (country !== undefined && (full === `+${country}${emergency}` || number === `+${country}${emergency}`)),
  );
}

/** Whether a phone of ours dials an emergency number of any of our trunks. */
export function isEmergencyDialled(number: string, trunks: readonly Emergencies[]): boolean {
  return [...trunks, {}].some((trunk) => isEmergencyNumber(number, trunk));
}
