import { type Signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { type ChatItem, type ChatModel, chatItems } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { DownIcon } from '../parts/icons.tsx';
import { MessageGroupView, PendingView } from './chat-message.tsx';

/** Closer to the end than this, the newest message counts as in view, in CSS pixels. */
const NEAR_END = 48;
/** Closer to the top than this, older messages are loaded, in CSS pixels. */
const NEAR_TOP = 200;
/** How many pages are loaded at most to show an older message. */
const MAX_PAGES = 40;

/** The messages, with those on their way. Stays at the end while the user is there, and otherwise where it is. */
export function ChatList({ model, target }: { model: ChatModel; target: Signal<number | undefined> }) {
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const active = useSignal<number | undefined>(undefined);
  /** Screen readers do not read out older messages that are loaded. */
  const loading = useSignal(false);
  const items = useComputed(() => chatItems(model.messages.value, model.newAfter.value));
  const { chat } = strings.value;
  const messages = model.messages.value;
  const pending = model.pending.value;

  const loadOlder = async () => {
    loading.value = true;
    await model.try(() => model.chat.loadOlder());
    requestAnimationFrame(() => {
      loading.value = false;
    });
  };
  const scrolled = () => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    atEnd.value = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END;
    model.setAtEnd(atEnd.value);
    if (element.scrollTop < NEAR_TOP && model.hasOlder.value) {
      void loadOlder();
    }
  };
  const toEnd = () => {
    const element = scroller.current;
    if (element) {
      element.scrollTop = element.scrollHeight;
    }
  };

  // When it opens: at the first new message, or else at the end.
  useLayoutEffect(() => {
    const line = scroller.current?.querySelector('.chat-new');
    line ? line.scrollIntoView({ block: 'center' }) : toEnd();
    scrolled();
  }, []);

  // Older messages that appear above must not move those in view.
  const before = useRef<{ oldest: number | undefined; height: number; top: number }>(undefined);
  const element = scroller.current;
  before.current = element
    ? { oldest: before.current?.oldest, height: element.scrollHeight, top: element.scrollTop }
    : undefined;
  const oldest = messages[0]?.seq;
  /** Number of messages on their way when it was last drawn. */
  const sent = useRef(pending.length);
  useLayoutEffect(() => {
    const now = scroller.current;
    const was = before.current;
    if (now && was?.oldest !== undefined && oldest !== undefined && oldest < was.oldest) {
      now.scrollTop = was.top + now.scrollHeight - was.height;
    } else if (atEnd.value || pending.length > sent.current) {
      // Also when the user has sent something, wherever they were.
      toEnd();
    }
    sent.current = pending.length;
    before.current = { oldest, height: now?.scrollHeight ?? 0, top: now?.scrollTop ?? 0 };
  }, [messages, pending, oldest]);

  // The keyboard of a phone, or a taller composer, makes the list lower.
  useEffect(() => {
    const observer = new ResizeObserver(() => (atEnd.value ? toEnd() : undefined));
    if (scroller.current) {
      observer.observe(scroller.current);
    }
    return () => observer.disconnect();
  }, []);

  useSignalEffect(() => {
    const seq = target.value;
    if (seq !== undefined) {
      target.value = undefined;
      void show(seq);
    }
  });
  const show = async (seq: number) => {
    // When the list has just appeared, the composer takes the focus first.
    await new Promise(requestAnimationFrame);
    const find = () => scroller.current?.querySelector<HTMLElement>(`[data-seq="${seq}"]`);
    for (let pages = 0; pages < MAX_PAGES && !find() && model.hasOlder.peek(); pages += 1) {
      const first = model.messages.peek()[0];
      await loadOlder();
      await new Promise(requestAnimationFrame);
      if (model.messages.peek()[0] === first) {
        break;
      }
    }
    const found = find();
    if (!found) {
      model.say(strings.peek().chat.tooFarBack);
      return;
    }
    atEnd.value = false;
    found.scrollIntoView({ block: 'center' });
    found.focus({ preventScroll: true });
    found.classList.add('chat-found');
    setTimeout(() => found.classList.remove('chat-found'), 2000);
  };

  const state = model.state.value;
  return (
    <div class="chat-list-area">
      <div
        ref={scroller}
        class="chat-list"
        role="log"
        aria-live="polite"
        aria-label={chat.title}
        aria-busy={loading.value}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and arrow keys move between its messages
        tabIndex={0}
        data-testid="chat-list"
        onScroll={scrolled}
        onKeyDown={(event) => moveFocus(event, scroller.current)}
        onPointerLeave={({ pointerType }) => {
          // A finger leaves when it is lifted.
          if (pointerType === 'mouse') {
            active.value = undefined;
          }
        }}
      >
        {state === 'failed' && (
          <p class="problem" role="alert">
            {chat.loadFailed}
          </p>
        )}
        {state === 'loading' && <p class="chat-hint">{chat.loading}</p>}
        {model.hasOlder.value && (
          <button type="button" class="quiet" data-testid="chat-older" onClick={() => void loadOlder()}>
            {chat.older}
          </button>
        )}
        {state === 'ready' && messages.length === 0 && pending.length === 0 && (
          <div class="chat-empty">
            <p>{chat.empty}</p>
            <p class="hint">{chat.emptyHint}</p>
          </div>
        )}
        {items.value.map((item) => (
          <Item
            key={keyOf(item)}
            item={item}
            model={model}
            active={active}
            onShow={(seq) => (target.value = seq)}
          />
        ))}
        {pending.map((each) => (
          <PendingView key={each.id} pending={each} model={model} />
        ))}
      </div>
      <TypingLine model={model} />
      {!atEnd.value && (
        <button type="button" class="chat-latest" data-testid="chat-latest" onClick={toEnd}>
          <DownIcon />
          {chat.latest}
        </button>
      )}
    </div>
  );
}

function Item({
  item,
  ...rest
}: {
  item: ChatItem;
  model: ChatModel;
  active: Signal<number | undefined>;
  onShow(seq: number): void;
}) {
  switch (item.kind) {
    case 'day':
      return (
        <div class="chat-day">
          <time dateTime={new Date(item.timeMs).toISOString().slice(0, 10)}>{dayOf(item.timeMs)}</time>
        </div>
      );
    case 'new':
      return (
        <div class="chat-new" data-testid="chat-new">
          {strings.value.chat.newMessages}
        </div>
      );
    case 'group':
      return <MessageGroupView group={item} {...rest} />;
  }
}

function TypingLine({ model }: { model: ChatModel }) {
  const names = model.typing.value;
  return (
    <p class="chat-typing" data-testid="chat-typing" dir="auto">
      {names.length > 0 && strings.value.chat.typing(names)}
    </p>
  );
}

function keyOf(item: ChatItem): string {
  return item.kind === 'group'
    ? `g${item.messages[0]?.seq}`
    : item.kind === 'day'
      ? `d${item.timeMs}`
      : 'new';
}

function dayOf(timeMs: number): string {
  const { chat } = strings.value;
  const date = new Date(timeMs);
  const days = Math.round(
    (new Date().setHours(0, 0, 0, 0) - new Date(timeMs).setHours(0, 0, 0, 0)) / 86_400_000,
  );
  if (days === 0 || days === 1) {
    return days === 0 ? chat.today : chat.yesterday;
  }
  const isThisYear = date.getFullYear() === new Date().getFullYear();
  return date.toLocaleDateString(undefined, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(!isThisYear && { year: 'numeric' }),
  });
}

/** Arrow keys move between messages, as in other lists. */
function moveFocus(event: KeyboardEvent, list: HTMLElement | null): void {
  const { target, key } = event;
  const isOnMessage = target === list || (target instanceof HTMLElement && target.dataset.seq !== undefined);
  if (!list || !isOnMessage || !['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(key)) {
    return;
  }
  const all = [...list.querySelectorAll<HTMLElement>('[data-seq]')];
  const at = all.indexOf(target as HTMLElement);
  const next =
    key === 'Home'
      ? all[0]
      : key === 'End' || (at < 0 && key === 'ArrowUp')
        ? all.at(-1)
        : all[Math.max(0, Math.min(all.length - 1, at + (key === 'ArrowUp' ? -1 : 1)))];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
