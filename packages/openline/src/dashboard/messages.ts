// Messages of errors as the page shows them: a driver may quote the URL that it was given, and a stack names folders.

import { withoutSecrets } from '../core/index.ts';
import { fromHome } from './places.ts';

/** The text without credentials, and with places from the folder in which the service runs. */
export const shownText = (text: string): string => withoutSecrets(fromHome(text));
