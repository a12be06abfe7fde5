// A cell of a grid that is written in: what is wrong with it stands below it.
import { Input } from 'antd';
import { type ReactNode, useEffect, useState } from 'react';

import { type Bilingual, useLanguage } from '../../i18n';

interface Props {
  label: string;
  text: string;
  fault: { message: Bilingual } | undefined;
  readOnly: boolean;
  onDone: (text: string) => void;
  onFocus?: () => void;
  className?: string | undefined;
  children?: ReactNode;
}

export function GridCell({ label, text, fault, readOnly, onDone, onFocus, className, children }: Props) {
  const { language } = useLanguage();
  const [value, setValue] = useState(text);
  useEffect(() => setValue(text), [text]);
  const done = () => value !== text && onDone(value);
  return (
    <td className={[className, fault && 'is-wrong'].filter(Boolean).join(' ') || undefined}>
      <Input
        aria-label={label}
        aria-invalid={fault !== undefined}
        variant="borderless"
        value={value}
        readOnly={readOnly}
        title={value}
        onFocus={onFocus}
        onChange={(event) => setValue(event.target.value)}
        onBlur={done}
        onPressEnter={done}
      />
      {fault && <div className="decision-fault" role="alert">{fault.message[language]}</div>}
      {children}
    </td>
  );
}
