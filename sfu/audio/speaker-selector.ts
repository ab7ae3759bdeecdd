import { FloorTimes } from './floor-times.ts';
import { PACKET_MS, Talker } from './talker.ts';

/** How much louder someone must be to take the slot of a current speaker, in dB, and how long both must have been speaking, in ms. */
const LOUDER_DB = 6;
const CHALLENGE_MS = 400;
const MIN_SLOT_MS = 1000;
/**
 * Clients report the levels, so loudness must not win forever. Someone who has spoken unheard for this long takes the slot of a speaker who
 * was heard this much more recently, and that speaker cannot win it back by being louder. Both in ms.
 */
const UNHEARD_MS = 2000;
const FLOOR_LEAD_MS = 15_000;
/** Someone heard within this time keeps the slot against someone who merely unmutes, in ms. */
const IN_CONVERSATION_MS = 3000;
/**
 * How long someone must have been loud to become the dominant speaker, in ms: the first one, after another has finished, and while another
 * continues.
 */
const DOMINANT_FIRST_MS = 100;
const DOMINANT_NEXT_MS = 300;
const DOMINANT_RIVAL_MS = 1000;

/** Events of a selector. */
export interface SelectorEvents {
  forwarded(id: string, forwarded: boolean): void;
  /** null: the dominant speaker's microphone was removed. */
  dominant(id: string | null): void;
}

/**
 * Selects the microphones to forward: the loudest, up to a limit. A new speaker takes the slot of a silent one, starting with the first
 * loud packet; if all are speaking, the newcomer must be louder for a while. A speaker who stops keeps the slot until somebody needs it, so
 * small rooms never change anything. A speaker has one slot, however many microphones they use. Also determines the dominant speaker. Pure;
 * times are in milliseconds on one monotonic clock.
 */
export class SpeakerSelector {
  readonly #slots: number;
  readonly #events: SelectorEvents;
  readonly #talkers = new Map<string, Talker>();
  /** The forwarded microphones, and since when. */
  readonly #holders = new Map<Talker, number>();
  readonly #floor = new FloorTimes();
  #dominant: Talker | null = null;

  /** @param slots - maximum number of microphones forwarded; 0: all */
  constructor(slots: number, events: SelectorEvents) {
    this.#slots = slots === 0 ? Number.POSITIVE_INFINITY : slots;
    this.#events = events;
  }

  get dominant(): string | null {
    return this.#dominant?.id ?? null;
  }

  isForwarded(id: string): boolean {
    const talker = this.#talkers.get(id);
    return talker !== undefined && this.#holders.has(talker);
  }

  isSpeaking(id: string, nowMs: number): boolean {
    return this.#talkers.get(id)?.speaks(nowMs) ?? false;
  }

  /** When it last carried speech; null: not yet. */
  lastSpokeAtMs(id: string): number | null {
    return this.#talkers.get(id)?.lastSpokeAtMs ?? null;
  }

  /** Adds a microphone. It gets a slot if one is free and its speaker has none. By default, it is its own speaker. */
  add(id: string, paused: boolean, nowMs: number, speakerId: string = id): void {
    const talker = new Talker(id, paused, speakerId);
    this.#talkers.set(id, talker);
    this.#claimSlot(talker, nowMs, null);
  }

  remove(id: string, nowMs: number): void {
    const talker = this.#talkers.get(id);
    if (!talker) {
      return;
    }
    this.#talkers.delete(id);
    if (this.#holders.delete(talker)) {
      const waiting = [...this.#talkers.values()].filter(
        (other) => !this.#holders.has(other) && !this.#slotHolder(other),
      );
      const next = minBy(
        waiting.filter(({ paused }) => !paused),
        ({ lastLoudAtMs }) => -lastLoudAtMs,
      );
      if (next) {
        this.#giveSlot(next, nowMs);
      }
    }
    if (talker !== this.#dominant) {
      return;
    }
    this.#dominant = null;
    this.#events.dominant(null);
  }

  /** Mutes or unmutes. Someone who unmutes is about to speak, and gets the slot of someone who has not spoken for a while. */
  setPaused(id: string, paused: boolean, nowMs: number): void {
    const talker = this.#talkers.get(id);
    if (!talker) {
      return;
    }
    talker.paused = paused;
    if (!paused) {
      this.#claimSlot(talker, nowMs, IN_CONVERSATION_MS);
    }
  }

  /** The level of a packet, in dBov (RFC 6464 with its sign: 0 is the loudest, −127 silence). */
  hear(id: string, dbov: number, nowMs: number): void {
    const talker = this.#talkers.get(id);
    if (!talker?.hear(dbov, nowMs) || !talker.speaks(nowMs)) {
      return;
    }
    if (!this.#holders.has(talker)) {
      if (!this.#claimSlot(talker, nowMs, 0)) {
        this.#challenge(talker, nowMs);
      }
    }
    if (!this.#holders.has(talker)) {
      return;
    }
    this.#floor.add(talker.speakerId, PACKET_MS, nowMs);
    if (talker !== this.#dominant) {
      this.#contendForDominance(talker, nowMs);
    }
  }

  /**
   * Gives a microphone a slot: a free one, that of a muted speaker, or that of one who has been silent for long enough. Returns false if
   * there is none.
   * @param quietMs - minimum silence in milliseconds; null: take only free slots, or those of muted speakers
   */
  #claimSlot(talker: Talker, nowMs: number, quietMs: number | null): boolean {
    if (this.#holders.has(talker)) {
      return true;
    }
    const own = this.#slotHolder(talker);
    if (own || this.#holders.size >= this.#slots) {
      if (talker.paused) {
        return false;
      }
      const idle = (own ? [own] : [...this.#holders.keys()]).filter((one) => !one.speaks(nowMs));
      const quiet = idle.filter(({ lastLoudAtMs }) => quietMs !== null && nowMs - lastLoudAtMs >= quietMs);
      const replaced = idle.find(({ paused }) => paused) ?? minBy(quiet, ({ lastLoudAtMs }) => lastLoudAtMs);
      if (!replaced) {
        return false;
      }
      this.#revokeSlot(replaced);
    }
    this.#giveSlot(talker, nowMs);
    return true;
  }

  /** Takes the slot of a speaker who was heard far longer, or else of the quietest one speaking if that one is clearly quieter. */
  #challenge(talker: Talker, nowMs: number): void {
    if (talker.spurtMs < CHALLENGE_MS) {
      return;
    }
    const own = this.#slotHolder(talker);
    const settled = [...this.#holders].flatMap(([one, sinceMs]) =>
      nowMs - sinceMs >= MIN_SLOT_MS && (!own || one === own) ? [one] : [],
    );
    const replaced = this.#leader(talker, settled, nowMs) ?? this.#quieter(talker, settled, nowMs);
    if (!replaced) {
      return;
    }
    this.#revokeSlot(replaced);
    this.#giveSlot(talker, nowMs);
  }

  /** The speaker heard most, if heard far longer than someone who has spoken unheard for a while. */
  #leader(talker: Talker, settled: Talker[], nowMs: number): Talker | undefined {
    if (talker.spurtMs < UNHEARD_MS) {
      return undefined;
    }
    const leader = minBy(settled, ({ speakerId }) => -this.#floor.of(speakerId, nowMs));
    return leader && this.#leads(leader, talker, nowMs) ? leader : undefined;
  }

  #quieter(talker: Talker, settled: Talker[], nowMs: number): Talker | undefined {
    const rivals = settled.filter((one) => !this.#leads(talker, one, nowMs));
    const quietest = minBy(rivals, ({ loudnessDbov }) => loudnessDbov);
    return quietest && talker.loudnessDbov >= quietest.loudnessDbov + LOUDER_DB ? quietest : undefined;
  }

  /** Whether one speaker was heard far longer than the other recently. */
  #leads(one: Talker, other: Talker, nowMs: number): boolean {
    return this.#floor.of(one.speakerId, nowMs) - this.#floor.of(other.speakerId, nowMs) >= FLOOR_LEAD_MS;
  }

  /** The microphone that holds this speaker's slot. */
  #slotHolder({ speakerId }: Talker): Talker | undefined {
    // With unlimited slots nobody is held back.
    if (this.#slots === Number.POSITIVE_INFINITY) {
      return undefined;
    }
    return [...this.#holders.keys()].find((one) => one.speakerId === speakerId);
  }

  #contendForDominance(talker: Talker, nowMs: number): void {
    const rival = this.#dominant;
    if (rival?.speaks(nowMs)) {
      if (talker.spurtMs < DOMINANT_RIVAL_MS || talker.loudnessDbov < rival.loudnessDbov + LOUDER_DB) {
        return;
      }
    } else if (talker.spurtMs < (rival ? DOMINANT_NEXT_MS : DOMINANT_FIRST_MS)) {
      return;
    }
    this.#dominant = talker;
    this.#events.dominant(talker.id);
  }

  #giveSlot(talker: Talker, nowMs: number): void {
    this.#holders.set(talker, nowMs);
    this.#events.forwarded(talker.id, true);
  }

  #revokeSlot(talker: Talker): void {
    this.#holders.delete(talker);
    this.#events.forwarded(talker.id, false);
  }
}

function minBy<T>(all: readonly T[], value: (one: T) => number): T | undefined {
  let found: T | undefined;
  for (const one of all) {
    if (found === undefined || value(one) < value(found)) {
      found = one;
    }
  }
  return found;
}
