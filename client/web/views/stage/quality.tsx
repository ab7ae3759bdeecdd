import { useSignal } from '@preact/signals';
import type { Participant } from '../../../sdk/index.ts';
import type { Call, Quality } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

const BARS: Record<Quality, number> = { good: 3, fair: 2, poor: 1, none: 0 };

/** Bars for the quality of someone's connection, with details on a click. Nothing while it is good. */
export function QualityButton({ call, participant }: { call: Call; participant: Participant }) {
  const open = useSignal(false);
  const { participantId, displayName } = participant;
  const found = call.quality.people.value.get(participantId);
  const quality = found?.verdict.quality ?? 'good';
  if (quality === 'good' && !open.value) {
    return null;
  }
  const texts = strings.value.quality;
  const level = texts.levels[quality];
  return (
    <>
      <button
        type="button"
        class="quality"
        data-testid="quality"
        data-quality={quality}
        aria-label={
          participantId === call.room.participantId ? texts.ofOwn(level) : texts.of(displayName, level)
        }
        title={level}
        onClick={() => (open.value = true)}
      >
        <Bars quality={quality} />
      </button>
      {open.value && (
        <LazyPersonDialog call={call} participant={participant} onClose={() => (open.value = false)} />
      )}
    </>
  );
}

function Bars({ quality }: { quality: Quality }) {
  return (
    <svg viewBox="0 0 16 16" class="bars" aria-hidden="true">
      {[0, 1, 2].map((bar) => (
        <rect
          key={bar}
          x={1 + bar * 5}
          y={10 - bar * 4}
          width="3.500"
          height={5 + bar * 4}
          rx="1"
          class={bar < BARS[quality] ? 'on' : undefined}
        />
      ))}
      {quality === 'none' && <path d="m2 2 12 12" class="struck" />}
    </svg>
  );
}

/** The details, loaded when they are first opened. */
export const LazyPersonDialog = lazyView(async () => (await import('./person-dialog.tsx')).PersonDialog);
