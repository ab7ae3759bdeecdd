/**
 * Creates a function that picks the plural form for a whole number, by a language's rules. Fractions may need another form, so round first.
 *
 * @param language a BCP 47 tag, e.g. `ru`
 */
export function pluralIn<Form extends Intl.LDMLPluralRule>(
  language: string,
): (count: number, forms: Record<Form, string>) => string {
  const rules = new Intl.PluralRules(language);
  return (count, forms) => forms[rules.select(count) as Form];
}
