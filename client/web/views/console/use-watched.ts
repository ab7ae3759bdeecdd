import { useEffect, useMemo } from 'preact/hooks';
import type { OperatorAnswer, OperatorRequest, OperatorRoute } from '../../../sdk/index.ts';
import type { AppModel } from '../../model/index.ts';
import { Watched } from '../../model/on-demand/index.ts';

/** How often what changes by itself is loaded, in milliseconds. */
export const LIVE_MS = 3000;
/** How often lists are loaded that mostly change when somebody changes them, in milliseconds. */
export const LIST_MS = 30_000;

/** What a route of the operator's API answers, kept current while the component is shown. */
export function useWatched<R extends OperatorRoute>(
  model: AppModel,
  route: R,
  intervalMs: number,
  request: OperatorRequest = {},
): Watched<OperatorAnswer<R>> {
  const key = JSON.stringify(request);
  const watched = useMemo(
    () => new Watched(async () => (await model.connected()).operator.call(route, request)),
    [model, route, key],
  );
  useEffect(() => watched.start(intervalMs), [watched, intervalMs]);
  return watched;
}
