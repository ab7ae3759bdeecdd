import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
// biome-ignore lint/plugin: the client side of polls, without a connection
import { type Poll, Polls } from '../../../client/sdk/polls/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import { DirectPerson, TestKernel } from '../testing/index.ts';

const RUNS = Number(process.env.POLL_RUNS ?? 25);
const PEOPLE = 3;
const PATIENCE_MS = 20_000;

/** Somebody with the SDK's polls. */
class Person extends DirectPerson {
  readonly polls = new Polls({
    accountId: this.accountId,
    request: (name, data) => this.request(name, data),
    onServerEvent: (name, apply) => this.onServerEvent(name, apply),
  });
  /** What it was told was opened and closed, by id. */
  readonly news: string[] = [];

  constructor(roomId: string) {
    super(roomId);
    this.polls.on('opened', ({ pollId }) => this.news.push(`opened ${pollId}`));
    this.polls.on('closed', ({ pollId }) => this.news.push(`closed ${pollId}`));
    this.onEntered = () => this.polls.entered();
  }
}

/** What the test knows of a poll. */
interface Model {
  form: { multiple: boolean; anonymous: boolean; results: Poll['results'] };
  author: number;
  status: 'open' | 'closed';
  /** The answers of each person. */
  votes: Map<number, number[]>;
}

const STEPS = [
  'ask',
  'ask',
  'ask',
  'vote',
  'vote',
  'vote',
  'vote',
  'close',
  'delete',
  'cut',
  'enter',
  'enter',
  'restart',
] as const;
const RESULTS = ['always', 'voted', 'closed'] as const;

describe('polls under cuts and restarts', () => {
  let host: TestKernel;
  let kernel: Kernel;

  before(async () => {
    host = await TestKernel.open();
    kernel = host.kernel;
  });
  after(() => host.close());

  const until = async (isTrue: () => boolean, problem: () => string) => {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!isTrue()) {
      assert.ok(performance.now() < deadlineMs, problem());
      await turn();
    }
  };

  it(`${RUNS} random interleavings: everyone sees the same polls, each vote counts once, and only those see results who may`, async (t) => {
    let votes = 0;
    let restarts = 0;
    const step = fc.record({
      kind: fc.constantFrom(...STEPS),
      who: fc.nat(PEOPLE - 1),
      which: fc.nat(3),
      chosen: fc.uniqueArray(fc.nat(2), { minLength: 0, maxLength: 3 }),
      multiple: fc.boolean(),
      anonymous: fc.boolean(),
      results: fc.constantFrom(...RESULTS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40, size: 'max' }), async (steps) => {
        const roomId = `room-${randomUUID()}`;
        const people = Array.from({ length: PEOPLE }, () => new Person(roomId));
        const model = new Map<string, Model>();
        const enterAll = async () => {
          for (const person of people) {
            await person.enter(kernel);
          }
        };
        await enterAll();
        await until(
          () => people.every(({ polls }) => polls.isLoaded),
          () => 'not loaded',
        );
        /** Makes a change for sure, as soon as the person is in the room. */
        const surely = async (who: number, change: (polls: Polls) => Promise<unknown>) => {
          const person = people[who] as Person;
          for (;;) {
            await person.enter(kernel);
            try {
              return await change(person.polls);
            } catch (error) {
              const { code } = error as { code: string };
              if (code === 'RATE_LIMITED') {
                return undefined;
              }
              assert.ok(['CONNECTION_LOST', 'ROOM_NOT_JOINED'].includes(code), code);
              await turn();
            }
          }
        };
        /** Votes on their way: those of different people overtake each other. */
        const voting: Array<Promise<void>> = [];
        for (const { kind, who, which, chosen, ...form } of steps) {
          if (kind !== 'vote' && kind !== 'enter') {
            await Promise.all(voting.splice(0));
          }
          const [pollId, known] = [...model].filter(([, { status }]) => status === 'open').at(which) ?? [];
          if (kind === 'ask' && model.size < 4) {
            // Whoever comes later does not see it once it is closed.
            await enterAll();
            const asked = (await surely(who, (polls) =>
              polls.create({ question: 'Which?', answers: ['A', 'B', 'C'], ...form }),
            )) as { pollId: string } | undefined;
            if (asked) {
              model.set(asked.pollId, { form, author: who, status: 'open', votes: new Map() });
            }
          } else if (kind === 'vote' && pollId !== undefined && known) {
            const answers = known.form.multiple ? chosen : chosen.slice(0, 1);
            const vote = surely(who, async (polls) => {
              await polls.vote(pollId, answers);
              votes += 1;
              known.votes.delete(who);
              if (answers.length > 0) {
                known.votes.set(who, answers.toSorted());
              }
            });
            voting.push(vote.then(() => {}));
          } else if (kind === 'close' && pollId !== undefined && known) {
            await surely(who, (polls) => polls.close(pollId));
            known.status = 'closed';
          } else if (kind === 'delete' && pollId !== undefined && which === 0) {
            await surely(who, (polls) => polls.delete(pollId));
            model.delete(pollId);
          } else if (kind === 'cut') {
            people[who]?.cut();
          } else if (kind === 'enter') {
            void people[who]?.enter(kernel);
          } else if (kind === 'restart' && which < 2) {
            restarts += 1;
            for (const each of people) {
              each.cut();
            }
            await host.restart();
            kernel = host.kernel;
          }
        }
        await Promise.all(voting);
        await enterAll();
        const expected = (who: number) =>
          [...model].map(([pollId, { form, author, status, votes: cast }]) => {
            const isShown =
              status === 'closed' ||
              form.results === 'always' ||
              author === who ||
              (form.results === 'voted' && cast.has(who));
            const counts = [0, 1, 2].map(
              (index) => [...cast.values()].filter((answers) => answers.includes(index)).length,
            );
            return [
              pollId,
              status,
              cast.size,
              isShown ? counts : undefined,
              status === 'open' ? (cast.get(who) ?? []) : undefined,
            ];
          });
        const seen = (who: number) =>
          (people[who]?.polls.list ?? [])
            .toReversed()
            .map(({ pollId, status, voters, counts, vote }) => [
              pollId,
              status,
              voters,
              counts,
              status === 'open' ? vote : undefined,
            ]);
        const all = () => people.map((_, who) => JSON.stringify(seen(who)));
        const wanted = people.map((_, who) => JSON.stringify(expected(who)));
        await until(
          () => all().every((one, who) => one === wanted[who]),
          () => `${all().join('\n')}\ninstead of\n${wanted.join('\n')}`,
        );
        for (const { news } of people) {
          assert.equal(new Set(news).size, news.length, 'nothing is announced twice');
        }
        for (const [pollId, { form, votes: cast, status }] of model) {
          const voters = await people[0]?.polls
            .voters(pollId)
            .catch(({ code }) => assert.equal(code, 'FORBIDDEN'));
          const isListed =
            !form.anonymous &&
            (status === 'closed' || seen(0).some(([id, , , counts]) => id === pollId && counts));
          assert.deepEqual(
            voters?.map((names) => names.map(({ accountId }) => accountId).toSorted()),
            isListed
              ? [0, 1, 2].map((index) =>
                  [...cast]
                    .flatMap(([who, answers]) =>
                      answers.includes(index) ? [people[who]?.accountId ?? ''] : [],
                    )
                    .toSorted(),
                )
              : undefined,
          );
        }
        const left = await kernel.store.db
          .selectFrom('poll_votes')
          .innerJoin('polls', 'polls.poll_id', 'poll_votes.poll_id')
          .select('poll_votes.poll_id')
          .where('polls.anonymous', '=', 1)
          .where('polls.status', '=', 'closed')
          .execute();
        assert.deepEqual(left, [], 'nothing is kept of who voted in anonymous polls');
        for (const each of people) {
          each.cut();
          each.polls.stop();
        }
        const room = kernel.rooms.find(roomId);
        if (room) {
          kernel.rooms.end(room, 'ROOM_CLOSED');
        }
      }),
      { numRuns: RUNS, endOnFailure: true, seed: 20_261_129 },
    );
    t.diagnostic(`${votes} votes, ${restarts} restarts of the server`);
    assert.ok(votes > 2 * RUNS && restarts > RUNS / 10);
  });

  it('a deleted account leaves its votes uncounted in open polls, counted in closed ones, and its name nowhere', async () => {
    const roomId = `room-${randomUUID()}`;
    const [ann, bob] = [new Person(roomId), new Person(roomId)];
    const [question, answers] = ['Which?', ['A', 'B']];
    await ann.enter(kernel);
    await bob.enter(kernel);
    const { pollId: open } = await bob.polls.create({ question, answers });
    const { pollId: closed } = await ann.polls.create({ question, answers });
    for (const pollId of [open, closed]) {
      await bob.polls.vote(pollId, [0]);
    }
    await ann.polls.close(closed);
    await kernel.accountDeleting.run(bob.accountId);
    const poll = (pollId: string) => ann.polls.list.find((each) => each.pollId === pollId);
    await until(
      () => poll(open)?.voters === 0,
      () => JSON.stringify(poll(open)),
    );
    assert.deepEqual(poll(open)?.counts, [0, 0]);
    assert.deepEqual(poll(closed)?.counts, [1, 0]);
    assert.deepEqual(await ann.polls.voters(closed), [[], []]);
    const { polls } = await ann.request('poll.list', {});
    assert.equal(polls.find(({ pollId }) => pollId === open)?.author, null);
    for (const table of ['polls', 'poll_votes', 'poll_viewers'] as const) {
      const rows = await kernel.store.db.selectFrom(table).selectAll().execute();
      assert.ok(!JSON.stringify(rows).includes(bob.accountId), table);
    }
    for (const each of [ann, bob]) {
      each.cut();
      each.polls.stop();
    }
  });
});
