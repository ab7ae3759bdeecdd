import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { eventually } from './wait.ts';

/** Time limit for starting, in milliseconds: far longer than it takes. */
const START_MS = 60_000;
/** Attempts, 100 ms apart, to remove a profile that Firefox may still be writing. */
const REMOVAL_TRIES = 20;

/** A fake 720p camera and a microphone, no permission prompts, media over loopback, and no background network traffic. */
const PREFERENCES: Readonly<Record<string, string | number | boolean>> = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.navigator.video.default_width': 1280,
  'media.navigator.video.default_height': 720,
  'media.autoplay.default': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  // Otherwise Firefox downloads an H264 codec.
  'media.gmp-manager.updateEnabled': false,
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://localhost:9/',
  'toolkit.telemetry.enabled': false,
};

interface Answer {
  id?: number;
  type: 'success' | 'error' | 'event';
  result?: unknown;
  error?: string;
  message?: string;
}

/** A script's result in WebDriver BiDi's encoding. */
interface ScriptResult {
  type: 'success' | 'exception';
  result?: { value?: string };
  exceptionDetails?: { text: string };
}

/** A real headless Firefox, driven by WebDriver BiDi. */
export class FirefoxBrowser {
  readonly #process: ChildProcess;
  readonly #socket: WebSocket;
  readonly #profile: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, socket: WebSocket, profile: string) {
    this.#process = child;
    this.#socket = socket;
    this.#profile = profile;
    socket.on('message', (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      if (answer.id === undefined) {
        return;
      }
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /**
   * @param media where media goes instead of the server's address. Firefox has no loopback candidates and pairs none with others, so this
   * must be a network address: that of a relay.
   */
  static async launch(media: { address: string; port: number }): Promise<FirefoxBrowser> {
    const profile = mkdtempSync(join(tmpdir(), 'canopy-firefox-'));
    const lines = Object.entries(PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const child = spawn(
      process.env.CANOPY_FIREFOX ?? 'firefox-esr',
      ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile } },
    );
    try {
      const socket = new WebSocket(`${await listening(child)}/session`);
      await once(socket, 'open');
      const browser = new FirefoxBrowser(child, socket, profile);
      await browser.send('session.new', { capabilities: {} });
      await browser.send('script.addPreloadScript', {
        functionDeclaration: `() => (${sendMediaTo})(${JSON.stringify(media)})`,
      });
      return browser;
    } catch (error) {
      child.kill('SIGKILL');
      removeProfile(profile);
      throw error;
    }
  }

  /** Opens a page in a new container, as another person. */
  async page(): Promise<FirefoxPage> {
    const { userContext } = (await this.send('browser.createUserContext', {})) as { userContext: string };
    const { context } = (await this.send('browsingContext.create', { type: 'tab', userContext })) as {
      context: string;
    };
    return new FirefoxPage(this, context);
  }

  /** Sends a WebDriver BiDi command. Rejects if Firefox answers with an error. */
  async send(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { type, result, error, message } = await answered;
    if (type === 'error') {
      throw new Error(`${method}: ${error}: ${message}`);
    }
    return result;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#socket.terminate();
    this.#process.kill('SIGKILL');
    await exited;
    removeProfile(this.#profile);
  }
}

/** A page in Firefox: the subset that tests need, named as in Playwright. */
export class FirefoxPage {
  readonly #browser: FirefoxBrowser;
  readonly #context: string;

  constructor(browser: FirefoxBrowser, context: string) {
    this.#browser = browser;
    this.#context = context;
  }

  async goto(url: string): Promise<void> {
    await this.#browser.send('browsingContext.navigate', {
      ...{ context: this.#context, url },
      wait: 'complete',
    });
  }

  /** Runs a function in the page; argument and result are passed as JSON. */
  async evaluate<Result, Argument = undefined>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result> {
    const expression = `(async () => JSON.stringify(await (${run})(${JSON.stringify(argument)})) ?? 'null')()`;
    const answer = (await this.#browser.send('script.evaluate', {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
    })) as ScriptResult;
    if (answer.type === 'exception') {
      throw new Error(answer.exceptionDetails?.text);
    }
    return JSON.parse(answer.result?.value ?? 'null') ?? undefined;
  }

  getByTestId(testId: string): FirefoxElement {
    return new FirefoxElement(this, testId);
  }

  async close(): Promise<void> {
    await this.#browser.send('browsingContext.close', { context: this.#context });
  }
}

/** An element of a page by its `data-testid`. It need not exist yet. */
class FirefoxElement {
  readonly #page: FirefoxPage;
  readonly #testId: string;

  constructor(page: FirefoxPage, testId: string) {
    this.#page = page;
    this.#testId = testId;
  }

  async waitFor(): Promise<void> {
    await eventually(`${this.#testId} is there and can be used`, () =>
      this.#page.evaluate((testId) => {
        const element = document.querySelector(`[data-testid="${testId}"]`);
        return element !== null && !(element as HTMLButtonElement).disabled;
      }, this.#testId),
    );
  }

  async fill(text: string): Promise<void> {
    await this.waitFor();
    await this.#page.evaluate(
      ([testId, text]) => {
        const field = document.querySelector<HTMLInputElement>(`[data-testid="${testId}"]`);
        if (!field) {
          return;
        }
        field.value = text;
        field.dispatchEvent(new Event('input', { bubbles: true }));
      },
      [this.#testId, text] as const,
    );
  }

  async click(): Promise<void> {
    await this.waitFor();
    await this.#page.evaluate(
      (testId) => document.querySelector<HTMLElement>(`[data-testid="${testId}"]`)?.click(),
      this.#testId,
    );
  }
}

/** Rewrites the UDP candidates of remote descriptions. Runs in the page. */
function sendMediaTo({ address, port }: { address: string; port: number }): void {
  const { prototype } = RTCPeerConnection;
  const set = prototype.setRemoteDescription;
  prototype.setRemoteDescription = function (
    this: RTCPeerConnection,
    description: RTCSessionDescriptionInit,
  ) {
    const { type, sdp = '' } = description;
    const mapped = sdp.replace(/^(a=candidate:\S+ 1 udp \d+) \S+ \d+/gim, `$1 ${address} ${port}`);
    return Reflect.apply(set, this, [{ type, sdp: mapped }]);
  };
}

/** Waits for the address where Firefox listens for WebDriver BiDi. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const output: string[] = [];
    if (child.stderr) {
      createInterface({ input: child.stderr }).on('line', (line) => {
        output.push(line);
        const url = /^WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
        if (url) {
          resolve(url);
        }
      });
    }
    const fail = (what: string): void => reject(new Error(`Firefox ${what}:\n${output.join('\n')}`));
    child.once('error', reject);
    child.once('exit', (code) => fail(`ended with ${code}`));
    setTimeout(() => fail('did not start'), START_MS).unref();
  });
}

/** Removes the profile; Firefox's child processes end a little later than Firefox itself. */
function removeProfile(profile: string): void {
  rmSync(profile, { recursive: true, force: true, maxRetries: REMOVAL_TRIES, retryDelay: 100 });
}
