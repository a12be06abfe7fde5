// The sheets of a mapping: what is typed goes to the hub, which writes the file and says what is wrong where.
import { useCallback, useEffect, useRef, useState } from 'react';

import { type MappingSheets, readSheets, type Sheets } from '../../../api/mappings';

interface Work {
  text: string;
  change: (text: string) => void;
}

export function useSheets(path: string, work: Work) {
  const [shown, setShown] = useState<MappingSheets>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(0);
  const now = useRef<MappingSheets>(undefined);
  /** What was written here: no news when it comes back as the text. */
  const made = useRef(new Set<string>());
  const last = useRef<Promise<void>>(Promise.resolve());
  const { text, change } = work;

  const read = useCallback(
    (file: string, sheets?: Sheets) => {
      setBusy((before) => before + 1);
      // One after another: each builds upon what the one before has made.
      last.current = last.current.then(async () => {
        try {
          const found = await readSheets(path, now.current?.text ?? file, sheets);
          now.current = found;
          setShown(found);
          setError(undefined);
          if (found.written && sheets) {
            made.current.add(found.text);
            change(found.text);
          }
        } catch (problem) {
          setError(problem as Error);
        } finally {
          setBusy((before) => before - 1);
        }
      });
    },
    [path, change],
  );

  useEffect(() => {
    // Another's version, or a workbook: not what was typed here.
    if (now.current?.text !== text && !made.current.has(text)) {
      now.current = undefined;
      read(text);
    }
  }, [text, read]);

  const put = useCallback(
    (sheets: Sheets) => {
      setShown((before) => before && { ...before, sheets });
      read(text, sheets);
    },
    [read, text],
  );
  return { shown, error, busy: busy > 0, put };
}
