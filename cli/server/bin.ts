import { ofPackage } from '../../workspace/own-package';

/** The scripts of Atlantis' server, which these commands run in turn. */
export const BIN = ofPackage('infra/atlantis/server/bin');
