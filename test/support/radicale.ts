import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connectWhenUp, freePort, installed } from './programs.ts';

/** Why Radicale is unavailable here, as the reason for a skipped test; false if it is available. */
export const noRadicale: string | false = (await installed('radicale')) ? false : 'Radicale is not installed';

/** A real CardDAV server on loopback, with a user and an address book of theirs. */
export class Radicale {
  readonly username = 'ann';
  readonly password = 'secret of the address book';
  readonly url: string;
  readonly bookUrl: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(process: ChildProcess, folder: string, port: number) {
    this.#process = process;
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}/`;
    this.bookUrl = `${this.url}${this.username}/people/`;
  }

  static async start(): Promise<Radicale> {
    const folder = await mkdtemp(join(tmpdir(), 'radicale-'));
    const port = await freePort();
    const config = [
      '[server]',
      `hosts = 127.0.0.1:${port}`,
      '[auth]',
      'type = htpasswd',
      `htpasswd_filename = ${join(folder, 'users')}`,
      'htpasswd_encryption = plain',
      'delay = 0',
      '[storage]',
      `filesystem_folder = ${join(folder, 'collections')}`,
      '[logging]',
      'level = warning',
    ];
    await writeFile(join(folder, 'config'), `${config.join('\n')}\n`);
    const program = spawn('radicale', ['--config', join(folder, 'config')], { stdio: 'ignore' });
    const radicale = new Radicale(program, folder, port);
    try {
      await writeFile(join(folder, 'users'), `${radicale.username}:${radicale.password}\n`);
      (await connectWhenUp(port, program)).destroy();
      await radicale.request('MKCOL', radicale.bookUrl, MAKE_BOOK);
      return radicale;
    } catch (error) {
      await radicale.stop();
      throw error;
    }
  }

  /** Writes a card, as another program would. */
  async put(name: string, card: string): Promise<void> {
    await this.request('PUT', `${this.bookUrl}${name}.vcf`, card, { 'content-type': 'text/vcard' });
  }

  async delete(name: string): Promise<void> {
    await this.request('DELETE', `${this.bookUrl}${name}.vcf`);
  }

  /** All cards, one after the other. */
  async cards(): Promise<string> {
    return this.request('GET', this.bookUrl);
  }

  async request(
    method: string,
    url: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<string> {
    const authorization = `Basic ${Buffer.from(`${this.username}:${this.password}`).toString('base64')}`;
    // Not fetch(): undici fails at long answers whose end is that of the connection.
    const request = httpRequest(url, { method, agent: false, headers: { authorization, ...headers } });
    request.end(body);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const { statusCode: status = 0 } = answer;
    const answered = await text(answer);
    if (status < 200 || status > 299) {
      throw new Error(`${method} ${url}: ${status}`);
    }
    return answered;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const MAKE_BOOK = `<?xml version="1.0" encoding="utf-8"?>
<mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop>
<resourcetype><collection/><C:addressbook/></resourcetype><displayname>People</displayname>
</prop></set></mkcol>`;
