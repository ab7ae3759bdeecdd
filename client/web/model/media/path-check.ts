import { signal } from '@preact/signals';
import { CanopyError, type Client, type PathReport } from '../../../sdk/index.ts';

/** The connection test and its result. */
export class PathCheck {
  readonly report = signal<PathReport | undefined>(undefined);
  readonly running = signal(false);
  readonly problem = signal<CanopyError | undefined>(undefined);

  async run(client: Client): Promise<void> {
    if (this.running.value) {
      return;
    }
    this.running.value = true;
    this.problem.value = undefined;
    this.report.value = undefined;
    try {
      this.report.value = await client.testPaths((report) => {
        this.report.value = report;
      });
    } catch (error) {
      this.problem.value = CanopyError.from(error);
    } finally {
      this.running.value = false;
    }
  }
}
