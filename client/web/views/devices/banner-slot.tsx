import type { AppModel } from '../../model/index.ts';
import { lazyView } from '../parts/lazy-view.tsx';

const Banner = lazyView(async () => (await import('./account-banner.tsx')).AccountBanner);

/** Where the page says what to do about the account on this device, if there is something. */
export function AccountBannerSlot({ model }: { model: AppModel }) {
  const { asking, need } = model.care;
  return need.value || asking.value.length > 0 ? <Banner model={model} /> : null;
}
