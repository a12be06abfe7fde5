// One definition that is being drawn: kept as a draft by itself, and never over somebody else's work.
import { useCallback, useEffect, useRef, useState } from 'react';

import { ApiError } from '../../api/client';
import { type DesignText, type Draft, readDesignFile, saveDraft } from '../../api/design';

export type SaveState = 'released' | 'dirty' | 'saving' | 'saved' | 'conflict' | 'failed';
const SETTLE_MS = 1_500;

export function useDraft(first: DesignText) {
  const [text, setText] = useState(first.draft?.text ?? first.released ?? '');
  const [draft, setDraft] = useState<Draft | undefined>(first.draft ?? undefined);
  const [state, setState] = useState<SaveState>(first.draft ? 'saved' : 'released');
  const [theirs, setTheirs] = useState<DesignText>();
  const [error, setError] = useState<Error>();
  const now = useRef({ text, draft, state });
  now.current = { text, draft, state };
  const busy = useRef<Promise<Draft | undefined>>(undefined);

  const save = useCallback(
    async (over?: string): Promise<Draft | undefined> => {
      // One after another: each names what the one before has made.
      await busy.current;
      const { text: mine, draft: known } = now.current;
      const work = (async () => {
        setState('saving');
        try {
          const kept = await saveDraft(first.path, mine, known?.base ?? first.active ?? '', over ?? known?.etag);
          now.current.draft = kept;
          setDraft(kept);
          setTheirs(undefined);
          setError(undefined);
          setState(now.current.text === mine ? 'saved' : 'dirty');
          return kept;
        } catch (problem) {
          if (problem instanceof ApiError && [409, 412, 428].includes(problem.status)) {
            setTheirs(await readDesignFile(first.path).catch(() => undefined));
            setState('conflict');
          } else {
            setError(problem as Error);
            setState('failed');
          }
          return undefined;
        }
      })();
      busy.current = work;
      return work;
    },
    [first.path, first.active],
  );

  const change = useCallback((next: string) => {
    now.current.text = next;
    setText(next);
    setState((before) => (before === 'conflict' ? before : 'dirty'));
  }, []);

  useEffect(() => {
    if (state !== 'dirty') return;
    const timer = setTimeout(() => void save(), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [state, text, save]);

  /** Goes on with what the other person has saved. */
  const takeTheirs = useCallback(() => {
    if (!theirs) return '';
    const taken = theirs.draft?.text ?? theirs.released ?? '';
    now.current.text = taken;
    now.current.draft = theirs.draft ?? undefined;
    setText(taken);
    setDraft(theirs.draft ?? undefined);
    setTheirs(undefined);
    setState(theirs.draft ? 'saved' : 'released');
    return taken;
  }, [theirs]);

  /** Saves one's own over theirs, which was seen. */
  const keepMine = useCallback(() => {
    now.current.draft = theirs?.draft ?? undefined;
    return save(theirs?.draft?.etag);
  }, [theirs, save]);

  return { text, draft, state, theirs, error, change, save, takeTheirs, keepMine };
}

export function download(name: string, content: string): void {
  const address = URL.createObjectURL(new Blob([content], { type: 'application/xml' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
