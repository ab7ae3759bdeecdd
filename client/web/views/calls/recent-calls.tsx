import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { RecentCall } from '../../../sdk/index.ts';
import { type AppModel, RecentCalls } from '../../model/index.ts';
import { strings } from '../../strings/index.ts';
import { CheckField } from '../parts/check-field.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { IconButton } from '../parts/icon-button.tsx';
import {
  CameraIcon,
  HideIcon,
  MoreIcon,
  PhoneIcon,
  RoomIcon,
  SettingsIcon,
  TrashIcon,
} from '../parts/icons.tsx';
import { EmptyHistory } from '../parts/illustrations.tsx';
import { MenuButton, MenuItem } from '../parts/menu.tsx';
import { ago, duration } from '../parts/times.ts';
import { CallDialog } from './call-dialog.tsx';
import { CallSettings } from './call-settings.tsx';
import '../../styles/calls.css';

/** A call this recent is called one of just now, in milliseconds. */
const JUST_NOW_MS = 60_000;
/** The search is shown from this many calls on. */
const MIN_SEARCHED = 4;

/** From which mean opinion score on the sound is good, or fair. */
const GOOD_MOS = 3.6;
const FAIR_MOS = 2.6;

type Opened = 'call' | 'settings' | 'clear';

/** The calls of the home page: whom the user talked with or missed, and calling somebody. */
export function RecentCallsList({ model }: { model: AppModel }) {
  const recent = useMemo(() => new RecentCalls(() => model.connected(), model.calls), [model]);
  const opened = useSignal<Opened | undefined>(undefined);
  useEffect(() => recent.start(), [recent]);
  const linked = model.calls.linked.value;
  useEffect(() => {
    if (linked !== undefined) {
      opened.value = 'call';
    }
  }, [linked]);
  const close = () => {
    if (opened.value === 'call') {
      model.closeCallLink();
    }
    opened.value = undefined;
  };
  const { calls, home, common } = strings.value;
  const list = recent.calls.value;
  const missed = model.calls.missed.value;
  const isFiltered = recent.search.value !== '' || recent.onlyMissed.value;
  return (
    <section class="home-list" aria-labelledby="calls-heading" data-testid="list-calls">
      <div class="home-list-header">
        <h2 id="calls-heading">
          {calls.heading}
          {missed > 0 && (
            <span class="missed-badge" data-testid="missed-count" title={calls.missedCount(missed)}>
              <span aria-hidden="true">{missed > 99 ? '99+' : missed}</span>
              <span class="sr-only">{calls.missedCount(missed)}</span>
            </span>
          )}
        </h2>
        <span class="row">
          <button
            type="button"
            class="quiet"
            data-testid="call-somebody"
            onClick={() => (opened.value = 'call')}
          >
            <PhoneIcon />
            {calls.callSomebody}
          </button>
          <IconButton
            testId="call-settings"
            label={calls.settings}
            onClick={() => (opened.value = 'settings')}
          >
            <SettingsIcon />
          </IconButton>
        </span>
      </div>
      {list && (list.length >= MIN_SEARCHED || isFiltered) && (
        <div class="call-search">
          <input
            type="search"
            data-testid="call-search"
            aria-label={calls.search}
            placeholder={calls.search}
            maxLength={64}
            value={recent.search.value}
            onInput={(event) => {
              recent.search.value = event.currentTarget.value;
            }}
          />
          <CheckField
            testId="only-missed"
            label={calls.onlyMissed}
            checked={recent.onlyMissed.value}
            onChange={(on) => {
              recent.onlyMissed.value = on;
            }}
          />
        </div>
      )}
      {list === undefined ? (
        <div class="home-empty" aria-busy="true" />
      ) : list.length === 0 ? (
        <div class="home-empty" data-testid="empty">
          {!isFiltered && <EmptyHistory />}
          <p>{isFiltered ? calls.noneFound : calls.none}</p>
          {!isFiltered && <p class="hint">{calls.noneAdvice}</p>}
        </div>
      ) : (
        <ul>
          {list.map((call) => (
            <CallRow key={call.callId} model={model} recent={recent} call={call} />
          ))}
        </ul>
      )}
      {list && list.length > 0 && (
        <div class="row">
          {recent.hasMore.value && (
            <button type="button" class="quiet" onClick={() => recent.showMore()}>
              {home.showMore}
            </button>
          )}
          {!isFiltered && (
            <button
              type="button"
              class="quiet"
              data-testid="clear-calls"
              onClick={() => (opened.value = 'clear')}
            >
              {calls.clearAll}
            </button>
          )}
        </div>
      )}
      {opened.value === 'call' && <CallDialog model={model} onClose={close} />}
      {opened.value === 'settings' && <CallSettings model={model} onClose={close} />}
      {opened.value === 'clear' && (
        <FormDialog
          title={calls.clearAll}
          submit={{ label: calls.clearAll, testId: 'confirm-clear', danger: true }}
          ready
          act={() => recent.forget()}
          onClose={close}
        >
          <p>{calls.clearAllQuestion}</p>
        </FormDialog>
      )}
      {recent.problem.value && (
        <p class="problem" role="alert">
          {home.loadFailed} <span class="sr-only">{common.more}</span>
        </p>
      )}
    </section>
  );
}

function CallRow({ model, recent, call }: { model: AppModel; recent: RecentCalls; call: RecentCall }) {
  const { calls } = strings.value;
  const { peer, missed, startedAtMs, answeredAtMs, endedAtMs, media } = call;
  const name = peer.displayName;
  const isNumber = peer.kind === 'number';
  const isPerson = peer.kind === 'account';
  // Whoever withheld their number cannot be called back.
  const isCallable = isPerson || (isNumber && peer.id !== '' && model.calls.dialsNumbers.value);
  const place = (chosen: 'audio' | 'video') =>
    void model.calls.call(isNumber ? `tel:${peer.id}` : peer.id, chosen, name);
  const block = async () => {
    if (await recent.block(peer.id)) {
      model.notices.say(calls.blockedNotice(name));
    }
  };
  return (
    <li class="room-row" data-testid="call-row" data-outcome={call.outcome} data-missed={missed}>
      <div class="room-about">
        <p class="room-title" dir="auto">
          {name}
        </p>
        <div class="room-times">
          <span class={missed ? 'missed' : ''}>{labelOf(call)}</span>
          {peer.kind === 'room' && <span>{calls.meetingRow}</span>}
          <time dateTime={new Date(startedAtMs).toISOString()}>
            {Date.now() - startedAtMs < JUST_NOW_MS ? strings.value.home.justNow : ago(startedAtMs)}
          </time>
          {answeredAtMs !== undefined && <span>{duration(endedAtMs - answeredAtMs)}</span>}
          {isNumber && peer.id !== '' && peer.id !== name && <span dir="ltr">{peer.id}</span>}
          <PhoneDetails call={call} />
        </div>
      </div>
      {peer.kind === 'room' && (
        <IconButton testId="open-room" label={calls.openRoom(name)} onClick={() => model.open(peer.id)}>
          <RoomIcon />
        </IconButton>
      )}
      {isCallable && (
        <IconButton testId="redial" label={calls.callNamed(name)} onClick={() => place(media)}>
          {media === 'video' ? <CameraIcon /> : <PhoneIcon />}
        </IconButton>
      )}
      <MenuButton label={calls.more(name)} testId="call-more" icon={<MoreIcon />} buttonClass="icon-button">
        {isCallable && (
          <MenuItem testId="redial-audio" icon={<PhoneIcon />} onSelect={() => place('audio')}>
            {calls.audioCall}
          </MenuItem>
        )}
        {isPerson && (
          <MenuItem testId="redial-video" icon={<CameraIcon />} onSelect={() => place('video')}>
            {calls.videoCall}
          </MenuItem>
        )}
        <MenuItem
          testId="forget-call"
          icon={<TrashIcon />}
          onSelect={() => void recent.forget([call.callId])}
        >
          {calls.remove}
        </MenuItem>
        {isPerson && (
          <MenuItem testId="block" danger icon={<HideIcon />} onSelect={() => void block()}>
            {calls.block}
          </MenuItem>
        )}
      </MenuButton>
    </li>
  );
}

/** What is known of a call by phone: codec and quality of its sound. */
function PhoneDetails({ call: { phone, codec, mos } }: { call: RecentCall }) {
  const { calls } = strings.value;
  if (codec === undefined) {
    return null;
  }
  return (
    <span data-testid="call-phone">
      {phone === undefined ? codec : calls.onPhone(codec)}
      {mos !== undefined && `, ${calls.sound[soundOf(mos)]}`}
    </span>
  );
}

/** A mean opinion score in words. */
function soundOf(mos: number): 'good' | 'fair' | 'poor' {
  return mos >= GOOD_MOS ? 'good' : mos >= FAIR_MOS ? 'fair' : 'poor';
}

function labelOf({ direction, outcome, missed }: RecentCall): string {
  const { calls } = strings.value;
  if (missed) {
    return calls.missedRow;
  }
  switch (outcome) {
    case 'completed':
    case 'lost':
      return direction === 'incoming' ? calls.incomingRow : calls.outgoingRow;
    case 'failed':
      return calls.failedRow;
    case 'declined':
      return calls.declinedRow;
    case 'busy':
      return calls.busyRow;
    case 'unanswered':
      return calls.unansweredRow;
    case 'cancelled':
      return calls.cancelledRow;
    case 'offline':
      return calls.offlineRow;
    case 'forwarded':
      return calls.forwardedRow;
  }
}
