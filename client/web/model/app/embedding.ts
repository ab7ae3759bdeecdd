import { effect, untracked } from '@preact/signals';
import type {
  CommandProblem,
  FromMeeting,
  MeetingCommandName,
  MeetingCommands,
  MeetingEventName,
  MeetingEvents,
} from '../../../embed/index.ts';
import { CanopyError, displayable } from '../../../sdk/index.ts';
import { strings } from '../../strings/index.ts';
import type { Call } from '../call/call.ts';
import type { PanelName } from '../call/panels.ts';
import type { AppModel } from './app-model.ts';

type Commands = { [Name in MeetingCommandName]: (values: MeetingCommands[Name]) => Promise<void> | void };

const PANELS: readonly PanelName[] = ['people', 'chat', 'settings'];

/**
 * The page inside another one: tells it what happens and carries out its commands (docs/embedding.md). The server lets only the sites in
 * `server.embedders` put it into theirs (CSP, frame-ancestors).
 */
export class Embedding {
  readonly #model: AppModel;
  /** The host of the page around this one, once it has sent something. */
  #embedder = '';
  /** What the page around was told last, by event. */
  readonly #told = new Map<MeetingEventName, string>();
  readonly #commands: Commands;

  constructor(model: AppModel) {
    this.#model = model;
    this.#commands = {
      setName: ({ name }) => {
        model.suggestName(displayable(text(name)));
      },
      setMicrophone: async ({ on }) => {
        this.#call();
        const wanted = flag(on);
        await model.media.setMuted(!wanted);
        if (wanted) {
          model.notices.say(strings.value.embedding.microphoneOn(this.#embedder));
        }
      },
      setCamera: async ({ on }) => {
        this.#call();
        const wanted = flag(on);
        await model.media.setCameraWanted(wanted);
        if (wanted) {
          model.notices.say(strings.value.embedding.cameraOn(this.#embedder));
        }
      },
      setHand: async ({ raised }) => {
        const call = this.#call();
        if (flag(raised) !== call.handIsUp) {
          await call.toggleHand();
        }
      },
      setView: ({ view }) => {
        const call = this.#call();
        if (view !== 'gallery' && view !== 'speaker') {
          throw new CanopyError('BAD_REQUEST', 'view is gallery or speaker');
        }
        if (call.view.value !== view) {
          call.toggleView();
        }
      },
      setPanel: ({ panel }) => {
        const call = this.#call();
        if (panel === null) {
          call.closePanel();
        } else if (PANELS.includes(panel)) {
          call.openPanel(panel);
        } else {
          throw new CanopyError('BAD_REQUEST', `panel is null, ${PANELS.join(', ')}`);
        }
      },
      leave: async () => {
        this.#call();
        await model.leave();
      },
    };
  }

  /** Listens to the page around from now on. */
  start(): void {
    addEventListener('message', ({ source, origin, data }: MessageEvent) => {
      if (source === window.parent && data?.canopy === 1 && typeof data.command === 'string') {
        this.#embedder = URL.canParse(origin) ? new URL(origin).host : origin;
        void this.#obey(data);
      }
    });
    this.#watch();
    this.#tell('ready', {});
  }

  async #obey({ id, command, ...values }: { id: unknown; command: string }): Promise<void> {
    if (!Number.isSafeInteger(id)) {
      return;
    }
    const reply = id as number;
    try {
      if (!Object.hasOwn(this.#commands, command)) {
        throw new CanopyError('BAD_REQUEST', `no command is named ${command.slice(0, 40)}`);
      }
      // Each command checks its values.
      const carryOut = this.#commands[command as MeetingCommandName] as (
        values: object,
      ) => Promise<void> | void;
      await carryOut(values);
      this.#post({ canopy: 1, reply });
    } catch (cause) {
      const { code, message } = CanopyError.from(cause);
      const error: CommandProblem = { code, message };
      this.#post({ canopy: 1, reply, error });
    }
  }

  #call(): Call {
    const screen = this.#model.screen.peek();
    if (screen.name !== 'room') {
      throw new CanopyError('ROOM_NOT_JOINED');
    }
    return screen.call;
  }

  #watch(): void {
    let call: Call | undefined;
    let stop: (() => void) | undefined;
    effect(() => {
      const screen = this.#model.screen.value;
      const entered = screen.name === 'room' ? screen.call : undefined;
      if (entered === call) {
        return;
      }
      untracked(() => {
        stop?.();
        stop = undefined;
        if (call) {
          const roomId = call.address;
          this.#tell('left', { roomId, code: this.#model.problem.value?.code ?? null });
        }
        call = entered;
        this.#told.clear();
        if (entered) {
          this.#tell('joined', { roomId: entered.address, title: entered.info.value.title });
          stop = this.#watchCall(entered);
        }
      });
    });
    effect(() => {
      const screen = this.#model.screen.value;
      if (screen.name === 'door' && screen.door.stage.value === 'waiting' && screen.door.progress.value) {
        this.#tell('waiting', {});
      } else {
        this.#told.delete('waiting');
      }
    });
  }

  #watchCall(call: Call): () => void {
    const { media } = this.#model;
    const stops = [
      effect(() => this.#tell('people', { count: call.headcount })),
      effect(() => this.#tell('microphone', { on: media.microphoneOn.value })),
      effect(() => this.#tell('camera', { on: media.cameraOn.value })),
      effect(() => this.#tell('screen', { on: call.screen.value !== undefined })),
      effect(() => this.#tell('hand', { raised: call.hands.value.length > 0 && call.handIsUp })),
      effect(() => this.#tell('unread', { messages: call.chat.unread.value.messages })),
    ];
    return () => {
      for (const stop of stops) {
        stop();
      }
    };
  }

  /** Tells the page around about an event unless it would repeat the last one of this name. */
  #tell<Name extends MeetingEventName>(event: Name, values: MeetingEvents[Name]): void {
    const said = JSON.stringify(values);
    if (this.#told.get(event) !== said) {
      this.#told.set(event, said);
      this.#post({ canopy: 1, event, ...values } as FromMeeting);
    }
  }

  /** Whatever page is around this one, the operator has allowed it, and the messages hold nothing that is secret from it. */
  #post(message: FromMeeting): void {
    window.parent.postMessage(message, '*');
  }
}

function flag(value: unknown): boolean {
  if (typeof value !== 'boolean') {
    throw new CanopyError('BAD_REQUEST', 'a value is true or false');
  }
  return value;
}

function text(value: unknown): string {
  if (typeof value !== 'string') {
    throw new CanopyError('BAD_REQUEST', 'a name is text');
  }
  return value;
}
