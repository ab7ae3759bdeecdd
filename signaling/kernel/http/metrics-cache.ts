export interface MetricsPage {
  body: string;
  contentType: string;
}

/** A scrape reads statistics from every transport, so requests within this time share one page. In milliseconds. */
const FRESH_MS = 1_000;

/** Builds the metrics page at most once per second, however many clients request it. */
export function cacheMetrics(
  makePage: () => Promise<MetricsPage>,
  now: () => number = () => performance.now(),
): () => Promise<MetricsPage> {
  let page: Promise<MetricsPage> | undefined;
  let madeMs = 0;
  return () => {
    if (page === undefined || now() - madeMs >= FRESH_MS) {
      madeMs = now();
      const made = makePage();
      page = made;
      // A failure is returned but not cached.
      made.catch(() => {
        if (page === made) {
          page = undefined;
        }
      });
    }
    return page;
  };
}
