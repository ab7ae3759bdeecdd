import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { AppModel, Call, PanelName } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { IconButton } from '../parts/icon-button.tsx';
import { CloseIcon } from '../parts/icons.tsx';
import type { PanelProps } from './panel.ts';
import { panelNamed } from './registry.ts';

/** The open panel: next to the stage, or a sheet over everything on a narrow screen. */
export function SidePanel({ model, call }: { model: AppModel; call: Call }) {
  const name = call.panel.value;
  return name && <Frame key={name} name={name} model={model} call={call} />;
}

function Frame({ name, model, call }: PanelProps & { name: PanelName }) {
  const panel = panelNamed(name);
  const element = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const headingId = useId();
  const view = useSignal<{ View: ComponentType<PanelProps> } | 'loading' | 'failed'>('loading');
  useEffect(() => {
    panel.load().then(
      (View) => {
        view.value = { View };
      },
      () => {
        view.value = 'failed';
      },
    );
  }, [panel]);
  useEffect(() => {
    const opener = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    const frame = element.current;
    return () => {
      // Back to where the user was, unless they have gone on to something else.
      if (opener instanceof HTMLElement && (frame?.contains(document.activeElement) || !hasFocus())) {
        requestAnimationFrame(() => (opener.isConnected && !hasFocus() ? opener.focus() : undefined));
      }
    };
  }, []);
  const title = panel.title();
  const close = () => call.closePanel();
  const state = view.value;
  return (
    <aside
      ref={element}
      class="panel"
      data-testid="panel"
      data-panel={name}
      aria-labelledby={headingId}
      onKeyDown={(event) => {
        // In a dialog that the panel opened, Escape closes only that.
        const inDialog = event.target instanceof Element && event.target.closest('dialog') !== null;
        if (event.key === 'Escape' && !event.defaultPrevented && !inDialog) {
          event.preventDefault();
          close();
        }
      }}
    >
      <header class="panel-header">
        <h2 id={headingId} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <IconButton label={strings.value.panels.close(title)} testId="panel-close" onClick={close}>
          <CloseIcon />
        </IconButton>
      </header>
      <div class="panel-body" aria-busy={state === 'loading'}>
        {state === 'failed' ? (
          <p class="problem" role="alert">
            {strings.value.panels.loadFailed}
          </p>
        ) : (
          state !== 'loading' && <state.View model={model} call={call} />
        )}
      </div>
    </aside>
  );
}

function hasFocus(): boolean {
  return document.activeElement !== null && document.activeElement !== document.body;
}
