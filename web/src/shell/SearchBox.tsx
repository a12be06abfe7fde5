// One search for any number, on every page; `/` focuses it.
import { SearchOutlined } from '@ant-design/icons';
import { Input, type InputRef } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';

export function SearchBox() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const box = useRef<InputRef>(null);
  const [number, setNumber] = useState('');
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const { target } = event;
      const writing =
        target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || writing) return;
      event.preventDefault();
      box.current?.focus({ cursor: 'all' });
    };
    addEventListener('keydown', focus);
    return () => removeEventListener('keydown', focus);
  }, []);
  return (
    <Input
      ref={box}
      className="search"
      type="search"
      prefix={<SearchOutlined />}
      suffix={<kbd aria-hidden>/</kbd>}
      placeholder={t('top.search')}
      aria-label={`${t('top.search')} (${t('top.searchHint')})`}
      value={number}
      onChange={(event) => setNumber(event.target.value)}
      onPressEnter={() => {
        const wanted = number.trim();
        if (!wanted) return;
        void navigate(`/trace/${encodeURIComponent(wanted)}`);
        box.current?.blur();
      }}
    />
  );
}
