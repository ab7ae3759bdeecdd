import type { UnreadCounts } from '../../../sdk/index.ts';
import type { Call, PanelName } from '../../model/index.ts';
import { loadLateStrings, strings } from '../../strings/index.ts';
import { BreakoutIcon, ChatIcon, PeopleIcon, PollIcon, RecordIcon, SettingsIcon } from '../parts/icons.tsx';
import type { Panel } from './panel.ts';

/** All side panels, in the order of their buttons. */
const PANELS: Record<PanelName, Panel> = {
  people: {
    icon: PeopleIcon,
    title: () => strings.value.people.heading,
    place: 'toolbar',
    shortcut: 'p',
    load: async () => (await import('../people/people-panel.tsx')).PeoplePanel,
    badge: (call) => {
      const { people, waiting } = strings.value;
      const { length } = call.waiting.people.value;
      const inCall = people.inCall(call.headcount);
      return {
        text: `${call.headcount}`,
        label: length > 0 ? `${inCall}, ${waiting.count(length)}` : inCall,
      };
    },
  },
  chat: {
    icon: ChatIcon,
    title: () => strings.value.chat.title,
    place: 'toolbar',
    essential: true,
    load: async () => (await import('../chat/chat-panel.tsx')).ChatPanel,
    badge: (call) => chatBadge(call.chat.unread.value),
    shortcut: 'c',
  },
  polls: {
    icon: PollIcon,
    title: () => strings.value.polls.title,
    place: 'toolbar',
    load: async () => (await import('../polls/polls-panel.tsx')).PollsPanel,
    badge: (call) => {
      const count = call.polls.unanswered.value;
      return count > 0 ? { text: String(count), label: strings.value.polls.unanswered(count) } : undefined;
    },
    shortcut: 'o',
  },
  breakouts: {
    icon: BreakoutIcon,
    title: () => strings.value.breakouts.title,
    place: 'more menu',
    load: async () => (await import('../breakouts/breakouts-panel.tsx')).BreakoutsPanel,
    available: ({ breakouts }) => {
      const { mayManage, choice, status } = breakouts.state.value;
      return mayManage || (choice && status === 'open');
    },
  },
  recordings: {
    icon: RecordIcon,
    title: () => strings.value.recordings.title,
    place: 'more menu',
    load: async () => {
      await loadLateStrings();
      return (await import('../recordings/recordings-panel.tsx')).RecordingsPanel;
    },
    available: (call) => call.may('recording.view'),
  },
  settings: {
    icon: SettingsIcon,
    title: () => strings.value.panels.settings,
    place: 'more menu',
    load: async () => (await import('../settings/settings-panel.tsx')).SettingsPanel,
  },
};

/** How many messages are unread; an at sign if one of them mentions the user. */
function chatBadge({ messages, mentions }: UnreadCounts): { text: string; label: string } | undefined {
  const { chat } = strings.value;
  if (messages === 0) {
    return undefined;
  }
  const count = messages > 99 ? '99+' : String(messages);
  return mentions > 0
    ? { text: `@${count}`, label: `${chat.unread(messages)}, ${chat.unreadMention}` }
    : { text: count, label: chat.unread(messages) };
}

export function panelNamed(name: PanelName): Panel {
  return PANELS[name];
}

/** The panels that this user has, with their names. */
export function panelsOf(call: Call): Array<[PanelName, Panel]> {
  const all = Object.entries(PANELS) as Array<[PanelName, Panel]>;
  return all.filter(([, { available }]) => available?.(call) ?? true);
}
