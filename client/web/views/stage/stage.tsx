import { arrange, type Call, type LocalMedia, selfView } from '../../model/index.ts';
import { Alone } from '../call/alone.tsx';
import { Gallery } from './gallery.tsx';
import { Grid } from './grid.tsx';
import { FloatingSelf } from './self-view.tsx';
import { Strip } from './strip.tsx';
import { tilesOf } from './tiles-of.tsx';

/**
 * All tiles in a gallery; or a pinned tile, screens or the speaker on a stage, with the others next to it. In a call of two the other person
 * has the whole stage.
 */
export function Stage({ call, media }: { call: Call; media: LocalMedia }) {
  const view = call.view.value;
  const pinned = call.pinned.value;
  const { stage, rest, floating } = arrange({
    tiles: tilesOf(call, media),
    view,
    pinned,
    spotlight: call.spotlight.value,
    speaker: call.lastSpeaker.value,
    selfView: selfView.value,
  });
  if (stage.length === 0) {
    const alone = call.participants.value.length === 1;
    return (
      <div class={alone ? 'with-alone' : 'without-stage'}>
        <Gallery tiles={rest} call={call} />
        {alone && <Alone call={call} />}
        {floating && <FloatingSelf tile={floating} />}
      </div>
    );
  }
  const isPair = rest.length === 0 && !pinned && view === 'gallery' && !stage.some(({ screen }) => screen);
  return (
    <div
      class={rest.length > 0 ? 'with-stage with-strip' : 'with-stage'}
      data-testid={isPair ? 'pair' : 'stage'}
    >
      <Grid tiles={stage} />
      {rest.length > 0 && <Strip tiles={rest} call={call} />}
      {floating && <FloatingSelf tile={floating} />}
    </div>
  );
}
