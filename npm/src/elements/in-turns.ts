/** What is done a few at a time, so that the page answers in between. */

/** So many files together take a phone less than the 50 ms that nobody notices. */
export const FILES_AT_ONCE = 8;

/** Hands items on, so many in each task; once `hurry` says so all that are left. */
export async function inTurns<Item>(items: readonly Item[], count: number, act: (turn: readonly Item[]) => void, hurry: () => boolean): Promise<void> {
  for (let rest = items; rest.length > 0; ) {
    await new Promise((resolve) => setTimeout(resolve));
    const turn = hurry() ? rest : rest.slice(0, count);
    rest = rest.slice(turn.length);
    act(turn);
  }
}
