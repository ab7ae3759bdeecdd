export interface MetricsPage {
  body: string;
  contentType: string;
}

/** A scrape costs statistics of every transport, so a page serves everyone who asks within this time. */
const FRESH_MILLISECONDS = 1_000;

/** Makes a page of metrics at most once a second, however many ask for it. */
export function cacheMetrics(
  makePage: () => Promise<MetricsPage>,
  now: () => number = () => performance.now(),
): () => Promise<MetricsPage> {
  let page: Promise<MetricsPage> | undefined;
  let madeMs = 0;
  return () => {
    if (page === undefined || now() - madeMs >= FRESH_MILLISECONDS) {
      madeMs = now();
      const made = makePage();
      page = made;
      // A failure is answered, but not kept.
      made.catch(() => {
        if (page === made) page = undefined;
      });
    }
    return page;
  };
}
