// A photo of the phone's camera, made small enough to be sent with a form: 1280 pixels at most, JPEG.
import { CameraOutlined, DeleteOutlined } from '@ant-design/icons';
import { Button, Space } from 'antd';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import './photo.css';

const PIXELS = 1280;
const QUALITIES = [0.8, 0.6, 0.4];
/** As the hub takes it. */
const CHARACTERS = 900_000;

async function small(file: File): Promise<string> {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, PIXELS / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const made = QUALITIES.map((quality) => canvas.toDataURL('image/jpeg', quality));
  return made.find((each) => each.length <= CHARACTERS) ?? made[made.length - 1] ?? '';
}

interface Props {
  id?: string;
  value?: string | undefined;
  onChange?: (value: string | undefined) => void;
  label: string;
}

export function PhotoInput({ id, value, onChange, label }: Props) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file) return;
    try {
      onChange?.(await small(file));
      setWrong(false);
    } catch {
      setWrong(true);
    }
  };
  return (
    <>
      <input
        ref={input}
        id={id}
        type="file"
        accept="image/*"
        capture="environment"
        aria-label={label}
        className="photo-input"
        onChange={({ target }) => {
          void take(target.files?.[0]);
          target.value = '';
        }}
      />
      <Space>
        <Button icon={<CameraOutlined />} onClick={() => input.current?.click()}>
          {t(value ? 'inbox.photoAnother' : 'inbox.photoTake')}
        </Button>
        {value && (
          <Button icon={<DeleteOutlined />} aria-label={t('inbox.photoRemove')} onClick={() => onChange?.(undefined)} />
        )}
      </Space>
      {wrong && <span className="photo-wrong">{t('inbox.photoWrong')}</span>}
      {value && <img className="photo-shown" src={value} alt={label} />}
    </>
  );
}
