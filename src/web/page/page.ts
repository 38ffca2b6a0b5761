/** What the main part of the window shows: one at a time. */
export interface Page {
  readonly title: string;
  readonly element: HTMLElement;
  /** It is taken off the window. */
  close(): void;
}
