import type { AppModel } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';

/** Where a telephone number is called: whether the other side must not learn who calls. */
export function WithholdNumber({ calls: model }: Pick<AppModel, 'calls'>) {
  const { phones } = strings.value;
  return (
    <>
      <CheckField
        testId="withhold-number"
        label={phones.withhold}
        describedBy="withhold-hint"
        checked={model.withholdsNumber.value}
        onChange={(on) => void model.setWithholdsNumber(on)}
      />
      <p class="hint" id="withhold-hint">
        {phones.withholdHint}
      </p>
    </>
  );
}
