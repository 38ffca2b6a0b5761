/** Hears of what a person would read on the terminal; `line` begins with the level. Default: nobody does. */
export type MessageListener = (line: string, level: 'debug' | 'info' | 'warning' | 'error') => void;
