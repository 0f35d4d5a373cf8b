/** What was started is stopped in the opposite order, each whatever became of the others. */
export interface CleanUp {
  readonly later: (stop: () => unknown) => void;
  /** @throws {AggregateError} with everything that could not be stopped. */
  run(): Promise<void>;
}

export function cleanUp(): CleanUp {
  const stops: (() => unknown)[] = [];
  return {
    later: (stop) => {
      stops.push(stop);
    },
    run: async () => {
      const errors: unknown[] = [];
      for (const stop of stops.splice(0).reverse()) {
        try {
          await stop();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'not everything could be stopped');
    },
  };
}
