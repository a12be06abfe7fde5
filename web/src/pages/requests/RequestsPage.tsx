// What one may begin: reporting a fault, asking for something. Made for the phone as much as for the desk.
import { FormOutlined, RightOutlined } from '@ant-design/icons';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { useOffers } from '../../api/requests';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import './requests.css';

export function Component() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const offers = useOffers();
  return (
    <>
      <PageHead title={t('menu.requests')} />
      <Listing query={offers} isEmpty={(rows) => rows.length === 0} empty={t('requests.none')} rows={3}>
        {(rows) => (
          <ul className="offers" data-ready="offers">
            {rows.map((each) => (
              <li key={each.process_id}>
                <Link className="panel offer" to={`/requests/${encodeURIComponent(each.process_id)}`} data-offer={each.process_id}>
                  <FormOutlined aria-hidden />
                  <strong>{each.title[language]}</strong>
                  <RightOutlined aria-hidden />
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Listing>
    </>
  );
}
