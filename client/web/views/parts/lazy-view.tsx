import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';

/** A component that is loaded when it is first shown. Meanwhile, and if it cannot be loaded, `fallback` is shown. */
export function lazyView<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  fallback: () => preact.JSX.Element | null = () => null,
): ComponentType<Props> {
  let loaded: ComponentType<Props> | undefined;
  return function LazyView(props: Props) {
    const view = useSignal<{ View: ComponentType<Props> } | undefined>(loaded && { View: loaded });
    useEffect(() => {
      if (!view.value) {
        load().then(
          (View) => {
            loaded = View;
            view.value = { View };
          },
          // The server is away: the connection says so.
          () => {},
        );
      }
    }, []);
    const { View } = view.value ?? {};
    return View ? <View {...props} /> : fallback();
  };
}
