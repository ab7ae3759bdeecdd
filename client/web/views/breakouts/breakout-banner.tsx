import type { Call } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { TimeLeft } from '../parts/time-left.tsx';
import '../../styles/breakout-banner.css';

/** Says in which breakout room the user is, and leads back. */
export function BreakoutBanner({ call }: { call: Call }) {
  const model = call.breakouts;
  const { state } = model;
  if (!model.isInside) {
    return null;
  }
  const { breakouts } = strings.value;
  const { parentId, endsAtMs, mayManage } = state.value;
  return (
    <section class="breakout-banner" data-testid="breakout-banner" aria-label={breakouts.title}>
      <strong dir="auto">{breakouts.inside(model.nameOf(call.room.roomId))}</strong>
      {endsAtMs !== undefined && <TimeLeft untilMs={endsAtMs} text={breakouts.left} />}
      <span class="row">
        <button
          type="button"
          class="small"
          data-testid="breakout-back"
          onClick={() => void model.join(parentId)}
        >
          {breakouts.back}
        </button>
        {!mayManage && (
          <button
            type="button"
            class="small"
            data-testid="breakout-help"
            onClick={() => void model.askForHelp()}
          >
            {breakouts.help}
          </button>
        )}
      </span>
    </section>
  );
}
