import type { Transaction } from 'kysely';
import { CanopyError } from '../../../base/index.ts';
import {
  type DialRule,
  dialRule,
  type SipPhone,
  type SipTrunk,
  sipTrunk,
  type TelephonyConfig,
} from '../../../contract/index.ts';
import { isUniqueViolation, type Store, type Tables } from '../../store/index.ts';

/** Stores the telephony settings: phones, trunks, the dial plan, and PINs of rooms. */
export class TelephonySettings {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<Pick<TelephonyConfig, 'phones' | 'trunks' | 'dialPlan' | 'pins'>> {
    const [phones, trunks, dialPlan, pins] = await Promise.all([
      this.phones(),
      this.trunks(),
      this.dialPlan(),
      this.pins(),
    ]);
    return { phones, trunks, dialPlan, pins };
  }

  async phones(): Promise<SipPhone[]> {
    const rows = await this.#store.db.selectFrom('sip_phones').selectAll().orderBy('username').execute();
    return rows.map(({ username, display_name, ha1_md5, ha1_sha256, srtp, keying, ice, transfers }) => ({
      username,
      ...(display_name !== null && { displayName: display_name }),
      ...(transfers !== null && { transfers }),
      ha1: { md5: ha1_md5, sha256: ha1_sha256 },
      srtp,
      keying,
      ice,
    }));
  }

  async putPhone({ username, displayName, ha1, srtp, keying, ice, transfers }: SipPhone): Promise<void> {
    const row = {
      display_name: displayName ?? null,
      ha1_md5: ha1.md5,
      ha1_sha256: ha1.sha256,
      srtp,
      keying,
      ice,
      transfers: transfers ?? null,
    };
    await this.#store.transaction(async (db) => {
      const before = await db
        .selectFrom('sip_phones')
        .select('ha1_sha256')
        .where('username', '=', username)
        .executeTakeFirst();
      // Whoever registered with the old password receives no more calls.
      if (before?.ha1_sha256 !== row.ha1_sha256) {
        await db.deleteFrom('saved_bindings').where('username', '=', username).execute();
      }
      await db
        .insertInto('sip_phones')
        .values({ username, ...row })
        .onConflict((conflict) => conflict.column('username').doUpdateSet(row))
        .execute();
    }, `phone ${username}`);
  }

  /** Returns false if none has this name. */
  async deletePhone(username: string): Promise<boolean> {
    return this.#store.transaction(async (db) => {
      // A later phone of this name is somebody else's.
      await db.deleteFrom('person_phones').where('username', '=', username).execute();
      await db.deleteFrom('saved_bindings').where('username', '=', username).execute();
      const { numDeletedRows } = await db
        .deleteFrom('sip_phones')
        .where('username', '=', username)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    });
  }

  async trunks(): Promise<SipTrunk[]> {
    const rows = await this.#store.db.selectFrom('sip_trunks').selectAll().orderBy('name').execute();
    return rows.map(({ settings }) => sipTrunk.parse(JSON.parse(settings)));
  }

  async putTrunk(trunk: SipTrunk): Promise<void> {
    const settings = JSON.stringify(trunk);
    await this.#store.transaction(async (db) => {
      const before = await db
        .selectFrom('sip_trunks')
        .select('settings')
        .where('name', '=', trunk.name)
        .executeTakeFirst();
      // The registration may be at another registrar now.
      if (before?.settings !== settings) {
        await db.deleteFrom('saved_trunk_registrations').where('trunk', '=', trunk.name).execute();
      }
      await db
        .insertInto('sip_trunks')
        .values({ name: trunk.name, settings })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ settings }))
        .execute();
    }, `trunk ${trunk.name}`);
  }

  /** Returns false if none has this name. */
  async deleteTrunk(name: string): Promise<boolean> {
    await this.#store.db.deleteFrom('saved_trunk_registrations').where('trunk', '=', name).execute();
    const { numDeletedRows } = await this.#store.db
      .deleteFrom('sip_trunks')
      .where('name', '=', name)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  async dialPlan(): Promise<DialRule[]> {
    const rows = await this.#store.db.selectFrom('dial_rules').selectAll().orderBy('position').execute();
    return rows.map(({ direction, pattern, action }) =>
      dialRule.parse({ direction, pattern, action: JSON.parse(action) }),
    );
  }

  async putDialPlan(rules: DialRule[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      await transaction.deleteFrom('dial_rules').execute();
      // One by one: a thousand rules would exceed SQLite's number of parameters per statement.
      for (const [position, { direction, pattern, action }] of rules.entries()) {
        const row = { position, direction, pattern, action: JSON.stringify(action) };
        await transaction.insertInto('dial_rules').values(row).execute();
      }
    }, 'dial plan');
  }

  /** The PINs that let callers in, then those that also make them moderators. */
  async pins(): Promise<TelephonyConfig['pins']> {
    const rows = await this.#store.db.selectFrom('room_pins').selectAll().orderBy('room_id').execute();
    return [
      ...rows.map(({ pin, room_id: roomId }) => ({ pin, roomId })),
      ...rows.flatMap(({ moderator_pin: pin, room_id: roomId }) =>
        pin === null ? [] : [{ pin, roomId, isModerator: true }],
      ),
    ];
  }

  /** @param moderatorPin null: none; undefined: as before. @throws {CanopyError} PIN_TAKEN, BAD_REQUEST */
  async putPin(roomId: string, pin: string, moderatorPin: string | null | undefined): Promise<void> {
    try {
      await this.#store.transaction(async (transaction) => {
        const rows = await transaction.selectFrom('room_pins').selectAll().execute();
        const before = rows.find(({ room_id }) => room_id === roomId);
        const moderators = moderatorPin === undefined ? (before?.moderator_pin ?? null) : moderatorPin;
        const others = rows.filter((row) => row !== before);
        const isTaken = (wanted: string | null) =>
          wanted !== null && others.some((row) => row.pin === wanted || row.moderator_pin === wanted);
        if (isTaken(pin) || isTaken(moderators)) {
          throw new CanopyError('PIN_TAKEN');
        }
        if (pin === moderators) {
          throw new CanopyError('BAD_REQUEST', 'the PIN of moderators must be another one');
        }
        await transaction
          .insertInto('room_pins')
          .values({ room_id: roomId, pin, moderator_pin: moderators })
          .onConflict((conflict) =>
            conflict.column('room_id').doUpdateSet({ pin, moderator_pin: moderators }),
          )
          .execute();
      }, 'room PIN');
    } catch (error) {
      if (isUniqueViolation(error)) {
        throw new CanopyError('PIN_TAKEN', undefined, { cause: error });
      }
      throw error;
    }
  }

  /** Deletes what leads to a room. Returns whether there was anything. */
  async forgetRoom(db: Transaction<Tables>, roomId: string): Promise<boolean> {
    const { numDeletedRows } = await db
      .deleteFrom('room_pins')
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Returns false if the room has none. */
  async deletePin(roomId: string): Promise<boolean> {
    const { numDeletedRows } = await this.#store.db
      .deleteFrom('room_pins')
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }
}
