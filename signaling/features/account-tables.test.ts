import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import { storeEngines } from '../../test/support/store-engines.ts';
import { unzip } from '../../test/support/unzip.ts';
import type { Kernel } from '../kernel/index.ts';
import type { Row, Tables } from '../store/index.ts';
import { TestKernel } from './testing/index.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const OTHER = 'c'.repeat(64);
const DEVICE = 'd'.repeat(64);
const NOW = 1_800_000_000_000;

interface About<R> {
  /** Rows that name the account, one for each way in which a row can. */
  rows: readonly R[];
  /**
   * What happens to them when another account takes its place and it is revoked.
   * - `moved`: they are about the other one
   * - `copied`: they are about both
   * - `kept`: they stay about the first one
   * - `removed`: nothing remains
   */
  replaced: 'moved' | 'copied' | 'kept' | 'removed';
  /**
   * What happens to them when the account is deleted.
   * - `removed`: nothing remains
   * - `anonymous`: they no longer name it
   * - `kept`: its id remains
   */
  deleted: 'removed' | 'anonymous' | 'kept';
  /** The file of the account's export that has them, and a text in it; or why none has. */
  exported: { file: string; text: string } | string;
}

/** All tables. A new one must say here what becomes of an account's rows, or that it has none. */
const TABLES: { [T in keyof Tables]: About<Tables[T]> | 'not about accounts' } = {
  accounts: {
    rows: [account(OLD)],
    // Revoked accounts are listed until somebody deletes them.
    replaced: 'kept',
    deleted: 'removed',
    exported: { file: 'account.json', text: 'Somebody' },
  },
  address_book_cards: {
    rows: [{ account_id: OLD, href: '/a.vcf', contact_id: 'contact1', etag: '1', rev: 1 }],
    // The password belongs to whoever gave it.
    replaced: 'removed',
    deleted: 'removed',
    exported: 'the contacts are',
  },
  address_books: {
    rows: [
      {
        account_id: OLD,
        url: 'https://dav.example/book/',
        username: 'old',
        password: 'c2VhbGVk',
        version: null,
        sent_rev: 0,
        synced_at_ms: NOW,
        error: null,
        failures: 0,
      },
    ],
    replaced: 'removed',
    deleted: 'removed',
    exported: { file: 'address-book.json', text: 'https://dav.example/book/' },
  },
  api_tokens: 'not about accounts',
  audit: {
    rows: [
      {
        entry_id: '0190000000000000',
        at_ms: NOW,
        actor_kind: 'account',
        actor_id: OLD,
        actor_name: 'Old',
        device_id: DEVICE,
        address: '192.0.2.1',
        action: 'ban.add',
        outcome: 'ok',
        room_id: 'banning',
        account_id: OTHER,
        details: null,
        count: 1,
      },
      {
        entry_id: '0190000000000001',
        at_ms: NOW,
        actor_kind: 'account',
        actor_id: OTHER,
        actor_name: 'Other',
        device_id: null,
        address: null,
        action: 'ban.add',
        outcome: 'ok',
        room_id: 'banning',
        account_id: OLD,
        details: null,
        count: 1,
      },
    ],
    // It says what happened.
    replaced: 'kept',
    deleted: 'anonymous',
    exported: 'the operator’s record',
  },
  breakouts: {
    rows: [
      {
        parent_id: 'main',
        plan: JSON.stringify({
          status: 'planned',
          choice: false,
          rooms: [{ roomId: 'breakout-1', name: 'One' }],
          people: { [OLD]: { displayName: 'Old', roomId: 'breakout-1' } },
        }),
        changed_at_ms: NOW,
      },
    ],
    replaced: 'moved',
    deleted: 'anonymous',
    exported: 'forgotten within a day',
  },
  call_blocks: {
    rows: [
      { account_id: OLD, blocked_id: OTHER, blocked_name: 'Other', blocked_at_ms: NOW },
      { account_id: OTHER, blocked_id: OLD, blocked_name: 'Old', blocked_at_ms: NOW },
    ],
    // Whoever barred the first one has barred the other one too.
    replaced: 'copied',
    deleted: 'removed',
    exported: { file: 'calls.json', text: OTHER },
  },
  call_history: {
    rows: [
      {
        account_id: OLD,
        call_id: '00000000-0000-4000-8000-000000000001',
        direction: 'outgoing',
        peer_kind: 'account',
        peer: OTHER,
        peer_name: 'Other',
        peer_folded: 'other',
        media: 'audio',
        room_id: null,
        started_at_ms: NOW,
        answered_at_ms: null,
        ended_at_ms: NOW,
        outcome: 'declined',
        seen: 1,
        phone: 'abcd2345',
        leg_id: null,
        peer_leg_id: null,
        codec: null,
        mos: null,
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'calls.json', text: '00000000-0000-4000-8000-000000000001' },
  },
  call_settings: {
    rows: [
      {
        account_id: OLD,
        alias: 'a'.repeat(40),
        calls_from: 'contacts',
        do_not_disturb: 1,
        history_days: 365,
        forwarding: null,
        withhold_number: 1,
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'calls.json', text: 'historyDays": 365' },
  },
  calls: {
    rows: [phoneCall({ call_id: '00000000-0000-4000-8000-000000000004', phone: 'abcd2345' })],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'the operator’s record; the person’s own list is exported',
  },
  trunk_usage: 'not about accounts',
  chats: 'not about accounts',
  chat_files: {
    rows: [
      {
        file_id: '00000000-0000-4000-8000-000000000002',
        room_id: 'main',
        account_id: OLD,
        size: 1,
        seq: null,
        complete: 0,
        key: '',
        key_id: '',
        thumbnail: null,
        created_at_ms: NOW,
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'files are exported with their messages; this one has not been sent',
  },
  chat_messages: {
    rows: [
      message({ message_id: 1, seq: 1, account_id: OLD, display_name: 'Old' }),
      message({
        message_id: 2,
        seq: 2,
        account_id: OTHER,
        display_name: 'Other',
        mentions: JSON.stringify([OLD]),
        reactions: JSON.stringify([{ emoji: '👍', accountIds: [OTHER, OLD] }]),
      }),
    ],
    replaced: 'moved',
    deleted: 'anonymous',
    exported: { file: 'chats/1 main/messages.json', text: 'Hello' },
  },
  chat_readers: {
    rows: [{ room_id: 'main', account_id: OLD, since_seq: 0, read_seq: 1 }],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'positions in chats',
  },
  contact_keys: {
    rows: [{ account_id: OLD, key: 'name other', contact_id: 'contact-1' }],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'an index of contacts',
  },
  contacts: {
    // In the contacts of others the first one stays: they decide whom they know.
    rows: [
      {
        account_id: OLD,
        contact_id: 'contact-1',
        rev: 1,
        changed_at_ms: NOW,
        deleted_at_ms: null,
        rank: 1,
        sort_key: 'other',
        search: ' other',
        size: 300,
        data: JSON.stringify({
          name: 'Other',
          favourite: false,
          accounts: [],
          phones: [],
          emails: [],
          note: '',
        }),
        vcard: '[]',
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'contacts/contacts.vcf', text: 'FN:Other' },
  },
  devices: {
    rows: [
      {
        account_id: OLD,
        device_id: DEVICE,
        first_seen_at_ms: NOW,
        last_seen_at_ms: NOW,
        user_agent: null,
        name: null,
        renewal_request: null,
        renewed_certificate: null,
      },
    ],
    // A device has the key of its account.
    replaced: 'kept',
    deleted: 'removed',
    exported: { file: 'account.json', text: DEVICE },
  },
  dial_rules: 'not about accounts',
  grants: {
    rows: [{ account_id: OLD, room_id: 'guests', admitted_at_ms: null }],
    replaced: 'copied',
    deleted: 'removed',
    exported: { file: 'account.json', text: 'guests' },
  },
  invitations: {
    rows: [
      invitation({ secret_hash: '1'.repeat(64), created_by: OLD }),
      invitation({ secret_hash: '2'.repeat(64), created_by: OTHER, used_at_ms: NOW, used_by: OLD }),
    ],
    // The unused ones end with the revocation: a lost device may have made them.
    replaced: 'kept',
    deleted: 'removed',
    exported: 'open ones are of no use to others; finished ones only prevent a second use',
  },
  person_numbers: {
    rows: [{ number: '2001', account_id: OLD }],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'phones.json', text: '2001' },
  },
  person_phones: {
    rows: [{ username: 'abcd2345', account_id: OLD, rings: 1 }],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'listed with the name that the phone was given',
  },
  poll_viewers: {
    rows: [{ room_id: 'main', account_id: OLD, since_ms: NOW }],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'only says which polls the account sees',
  },
  poll_votes: {
    rows: [{ poll_id: 'poll-1', account_id: OLD, display_name: 'Old', answers: '[0]' }],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'polls.json', text: '"vote":[0]' },
  },
  recording_files: 'not about accounts',
  recording_shares: {
    rows: [
      {
        share_id: 'share-1',
        recording_id: 'recording-1',
        secret_hash: '4'.repeat(64),
        account_id: OLD,
        display_name: 'Old',
        created_at_ms: NOW,
        expires_at_ms: NOW * 2,
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'links to a room’s recordings, without their secret',
  },
  compositions: 'not about accounts',
  recordings: {
    rows: [
      {
        recording_id: 'recording-1',
        room_id: 'main',
        status: 'ended',
        mode: 'video',
        full: 0,
        started_at_ms: NOW,
        ended_at_ms: NOW,
        duration_ms: 0,
        bytes: 0,
        account_id: OLD,
        display_name: 'Old',
        reason: 'stopped',
      },
    ],
    replaced: 'moved',
    deleted: 'anonymous',
    exported: 'they belong to the room; only who started them is known',
  },
  polls: {
    rows: [
      {
        poll_id: 'poll-1',
        room_id: 'main',
        number: 1,
        rev: 1,
        status: 'open',
        account_id: OLD,
        display_name: 'Old',
        question: 'Lunch?',
        answers: '["Yes","No"]',
        multiple: 0,
        anonymous: 0,
        results: 'always',
        close_after_s: null,
        created_at_ms: NOW,
        opened_at_ms: NOW,
        closes_at_ms: null,
        closed_at_ms: null,
        changed_at_ms: NOW,
        voters: null,
        counts: null,
      },
    ],
    replaced: 'moved',
    deleted: 'anonymous',
    exported: { file: 'polls.json', text: 'Lunch?' },
  },
  probes: 'not about accounts',
  push_subscriptions: {
    rows: [{ device_id: DEVICE, account_id: OLD, endpoint: 'https://push.example/1', p256dh: '', auth: '' }],
    // They belong to devices, and those are revoked.
    replaced: 'removed',
    deleted: 'removed',
    exported: 'addresses of browsers, secret and of no use elsewhere',
  },
  revocations: {
    rows: [{ id: OLD, revoked_at_ms: NOW }],
    replaced: 'kept',
    // Its certificates stay invalid.
    deleted: 'kept',
    exported: { file: 'account.json', text: '"revoked": true' },
  },
  room_bans: {
    rows: [
      {
        room_id: 'banned',
        account_id: OLD,
        display_name: 'Old',
        banned_by: OTHER,
        banned_by_name: 'Other',
        banned_at_ms: NOW,
        invitation: null,
      },
    ],
    replaced: 'copied',
    deleted: 'removed',
    exported: 'moderators’ record of a room',
  },
  room_links: {
    rows: [
      {
        link_id: 'link-1',
        secret_hash: '3'.repeat(64),
        room_id: 'main',
        created_by: OLD,
        created_at_ms: NOW,
        expires_at_ms: NOW * 2,
        withdrawn_at_ms: null,
        max_people: null,
      },
    ],
    replaced: 'moved',
    deleted: 'removed',
    exported: 'settings of a room, without their secret',
  },
  stream_keys: {
    rows: [
      {
        key_id: 'key-1',
        secret_hash: '4'.repeat(64),
        room_id: 'main',
        direction: 'publish',
        name: 'Studio',
        created_by: OLD,
        created_at_ms: NOW,
        expires_at_ms: NOW * 2,
      },
    ],
    // The new account takes them over before the old one is revoked.
    replaced: 'moved',
    deleted: 'removed',
    exported: 'settings of a room, without their secret',
  },
  room_pins: 'not about accounts',
  room_roles: {
    rows: [{ account_id: OLD, room_id: 'named' }],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'rooms.json', text: '"role": "moderator"' },
  },
  room_visits: {
    rows: [{ account_id: OLD, room_id: 'main', visited_at_ms: NOW }],
    replaced: 'moved',
    deleted: 'removed',
    exported: { file: 'rooms.json', text: 'main' },
  },
  rooms: {
    rows: [
      {
        room_id: 'owned',
        owner_id: OLD,
        title: 'Owned',
        settings: '{}',
        created_at_ms: NOW,
        last_used_at_ms: NOW,
      },
      {
        room_id: 'named',
        owner_id: OTHER,
        title: 'Named',
        settings: JSON.stringify({ roles: { [OLD]: 'moderator' } }),
        created_at_ms: NOW,
        last_used_at_ms: NOW,
      },
    ],
    replaced: 'moved',
    deleted: 'anonymous',
    exported: { file: 'rooms.json', text: 'Owned' },
  },
  saved_bindings: 'not about accounts',
  saved_trunk_registrations: 'not about accounts',
  secrets: 'not about accounts',
  sign_ons: {
    rows: [
      {
        issuer: 'https://id.example',
        subject: 'old',
        account_id: OLD,
        invitation: '4'.repeat(64),
        replacing: null,
        created_at_ms: NOW,
      },
    ],
    // The sign-on itself binds the person to the other one, before this.
    replaced: 'kept',
    deleted: 'removed',
    exported: { file: 'sign-on.json', text: 'https://id.example' },
  },
  sip_phones: 'not about accounts',
  sip_trunks: 'not about accounts',
  webhook_deliveries: 'not about accounts',
  webhooks: 'not about accounts',
};

function account(accountId: string): Tables['accounts'] {
  return {
    account_id: accountId,
    display_name: 'Somebody',
    role: 'member',
    source: 'invite',
    created_at_ms: NOW,
    last_seen_at_ms: NOW,
    invitation: null,
    is_gateway: 0,
    expires_at_ms: NOW,
  };
}

function message(row: Partial<Tables['chat_messages']>): Tables['chat_messages'] {
  return {
    message_id: 1,
    room_id: 'main',
    seq: 1,
    rev: 1,
    client_id: '00000000-0000-4000-8000-000000000003',
    account_id: null,
    participant_id: '00000000-0000-4000-8000-000000000004',
    display_name: null,
    certified_name: null,
    sent_at_ms: NOW,
    edited_at_ms: null,
    gone: null,
    text: 'Hello',
    words: 'hello',
    reply_to: null,
    sealed: null,
    sealed_reactions: '[]',
    mentions: '[]',
    reactions: '[]',
    files: '[]',
    size: 210,
    ...row,
  };
}

function phoneCall(row: Partial<Tables['calls']>): Tables['calls'] {
  return {
    call_id: '',
    direction: 'incoming',
    remote: 'sip:abcd2345@canopy.example',
    dialled: '100',
    trunk: null,
    room_id: 'main',
    codec: 'opus',
    encryption: 'none',
    started_at_ms: NOW,
    answered_at_ms: NOW,
    ended_at_ms: NOW,
    end_cause: 'remote',
    sip_status: null,
    mos: null,
    jitter_ms: null,
    loss_fraction: null,
    remote_loss_fraction: null,
    round_trip_ms: null,
    attributes: null,
    transfer_target: null,
    transfer_status: null,
    display_name: 'Old',
    phone: null,
    account_id: OLD,
    end_reason: null,
    verification: null,
    search: 'old',
    ...row,
  };
}

function invitation(row: Partial<Tables['invitations']>): Tables['invitations'] {
  return {
    secret_hash: '',
    role: 'member',
    room_id: null,
    display_name: null,
    created_by: null,
    created_at_ms: NOW,
    expires_at_ms: NOW * 2,
    used_at_ms: null,
    used_by: null,
    is_gateway: 0,
    link_id: null,
    ...row,
  };
}

for (const engine of storeEngines()) {
  describe(`tables about accounts (${engine.name})`, { skip: engine.skip }, () => {
    let host: TestKernel;
    let kernel: Kernel;

    beforeEach(async () => {
      host = await TestKernel.open({ 'store.url': await engine.newUrl() });
      const tables = await host.kernel.store.tables();
      await host.kernel.store.transaction(async (db) => {
        await db.insertInto('accounts').values(account(NEW)).execute();
        await db
          .insertInto('chats')
          .values({ room_id: 'main', chat_id: 'chat', rev: 2, bytes: 420 })
          .execute();
        for (const table of tables) {
          const about = TABLES[table as keyof Tables];
          if (typeof about === 'object') {
            for (const row of about.rows) {
              await db
                .insertInto(table as 'audit')
                .values(row as Tables['audit'])
                .execute();
            }
          }
        }
      });
      // Features read what they keep in memory when they start.
      await host.restart();
      kernel = host.kernel;
    });
    afterEach(() => host.close());
    after(() => engine.close());

    const rowsOf = async (table: string) => {
      const rows: Row[] = [];
      await kernel.store.snapshot(async (db) => {
        for await (const row of kernel.store.rows(db, table)) {
          // The other account itself exists before it takes the place of the first one.
          if (table !== 'accounts' || row.account_id !== NEW) {
            rows.push(row);
          }
        }
      });
      return JSON.stringify(rows);
    };
    const listed = Object.entries(TABLES).flatMap(([table, about]) =>
      typeof about === 'object' ? [[table, about] as const] : [],
    );
    const all = async (find: (rows: string, about: (typeof listed)[number][1]) => string) => {
      const found: Record<string, string> = {};
      for (const [table, about] of listed) {
        found[table] = find(await rowsOf(table), about);
      }
      return found;
    };

    it('all are listed here, and each row that is written names the account', async () => {
      assert.deepEqual((await kernel.store.tables()).sort(), Object.keys(TABLES).sort());
      for (const [table, { rows }] of listed) {
        for (const row of rows) {
          assert.ok(JSON.stringify(row).includes(OLD), table);
        }
      }
    });

    it('an account that takes the place of another one gets its belongings and its limits', async () => {
      await kernel.accountReplaced.run({ from: OLD, to: NEW });
      // As after a crash in the middle.
      await kernel.accountReplaced.run({ from: OLD, to: NEW });
      await kernel.revokeAccount(OLD);
      const found = await all((rows) =>
        rows.includes(NEW)
          ? rows.includes(OLD)
            ? 'copied'
            : 'moved'
          : rows.includes(OLD)
            ? 'kept'
            : 'removed',
      );
      assert.deepEqual(found, Object.fromEntries(listed.map(([table, { replaced }]) => [table, replaced])));
    });

    it('an export has what the account wrote, owns and chose', async () => {
      const files = unzip(await buffer(kernel.exports.account(OLD, 'operator')));
      for (const [table, { exported }] of listed) {
        if (typeof exported === 'object') {
          const text = files.get(exported.file)?.toString() ?? `no ${exported.file}`;
          assert.ok(text.includes(exported.text), `${table}: ${text}`);
        }
      }
    });

    it('an account that is deleted is named nowhere but among the revocations', async () => {
      await kernel.revokeAccount(OLD);
      await kernel.accountDeletions.delete(OLD);
      const found = await all((rows) =>
        rows.includes(OLD) ? 'kept' : rows === '[]' ? 'removed' : 'anonymous',
      );
      assert.deepEqual(found, Object.fromEntries(listed.map(([table, { deleted }]) => [table, deleted])));
    });
  });
}
