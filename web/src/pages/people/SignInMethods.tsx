// How people may sign in: what is configured, and a test of each directory step by step.
import { Button, Card, Descriptions, Space } from 'antd';
import { useTranslation } from 'react-i18next';

import { type SignInMethod, useCheckSignIn, useSignInMethods } from '../../api/signInMethods';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';

export function SignInMethods() {
  const { t } = useTranslation();
  const methods = useSignInMethods();
  return (
    <>
      <p>{t('people.methodsAbout')}</p>
      <Listing query={methods} isEmpty={(rows) => rows.length === 0} empty={t('people.none')}>
        {(rows) => (
          <Space orientation="vertical" style={{ width: '100%' }} data-ready="sign-in-methods">
            {rows.map((each) => (
              <Method key={each.name} method={each} />
            ))}
          </Space>
        )}
      </Listing>
    </>
  );
}

function Method({ method }: { method: SignInMethod }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const check = useCheckSignIn();
  return (
    <Card
      size="small"
      title={method.title[language]}
      extra={
        <Space>
          <StateTag state={method.on ? 'done' : 'paused'}>{t(method.on ? 'people.methodOn' : 'people.methodOff')}</StateTag>
          {method.can_be_checked && (
            <Button
              size="small"
              loading={check.isPending}
              data-check={method.name}
              onClick={() => check.mutate(method.name)}
            >
              {t('people.methodTest')}
            </Button>
          )}
        </Space>
      }
    >
      {method.facts.length > 0 && (
        <Descriptions
          size="small"
          column={1}
          styles={{ label: { color: 'inherit' } }}
          items={method.facts.map((each, place) => ({ key: place, label: each.title[language], children: each.value || '–' }))}
        />
      )}
      {check.error && <Trouble error={check.error} />}
      {check.data?.map((step) => (
        <p key={step.name.en}>
          <StateTag state={step.ok ? 'done' : 'failed'}>{step.name[language]}</StateTag> {step.detail[language]}
        </p>
      ))}
    </Card>
  );
}
