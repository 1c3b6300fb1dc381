/**
 * Sentences that the server says to programs, in the words of somebody before this page; `ui/fromServer.ts` tells which of
 * its sentences each of them is.
 */

import { french } from "./french";

export const en = {
    announcement_id: "Write broadcast and the thirteen letters and digits that stand in the address of its page.",
    reason_code:
        "Write the code of a reason in quotes. It stands in the address of the page once you show the people of that reason.",
    mend: "Mend what is named here, and try again.",
    reload: "Load the page anew, look at what is different, and try again.",
    reload_or_tell: "Load the page anew. If it happens again, tell whoever runs Stentor.",
    state: "Load the page anew: it shows what is possible.",
    sign_in: "Sign in again.",
    soon: "Try again in a few seconds.",
    soon_or_tell: "Try again in a few seconds. If it goes on, tell whoever runs Stentor.",
    tell_log: "Tell whoever runs Stentor what you did and when: the log says more.",
    again: "Look whether it was done, and try again if it was not.",
    hand_in: "Hand it in for approval: somebody who may approve it then releases it.",
    give_back: "Give it back, and let its author hand it in again.",

    not_sendable: "The announcement cannot be sent as it is.",
    no_audience: "The audience cannot be used as it is.",
    no_sense: "The announcement stands where this makes no sense.",
    changed: "Somebody has changed the announcement since you read it.",
    no_such: "There is no such announcement.",
    not_yours: "This is not among what your roles let you do.",
    ask_roles: "Ask an administrator for one of the roles that may; they are given in Microsoft Entra.",
    own: "Nobody releases an announcement that they began, changed or handed in themselves.",
    ask_approver: "Ask somebody else who has the role Approver or Administrator.",
    nobody: "There is nobody whom this could reach.",
    too_many: "The announcement is for more people than your role reaches.",
    narrow: "Narrow its audience, or ask somebody whose role reaches further to send it.",
    second: "The announcement is for so many people that a second person must release it.",
    grown: "It is for many more people than when it was handed in.",
    database: "The database does not answer at present.",
    wrong: "Something went wrong that should not.",
    too_often: "You ask more often than is good for everybody else.",
    too_long: "This takes longer than a request may.",
};

export type Sentence = keyof typeof en;

export const fr: typeof en = french({
    announcement_id: "Écrivez broadcast, puis les treize lettres et chiffres qui figurent dans l’adresse de sa page.",
    reason_code:
        "Écrivez le code d’une raison entre guillemets. Il figure dans l’adresse de la page quand vous affichez les personnes de cette raison.",
    mend: "Corrigez ce qui est indiqué ici, puis réessayez.",
    reload: "Rechargez la page, voyez ce qui est différent, puis réessayez.",
    reload_or_tell: "Rechargez la page. Si cela se reproduit, prévenez la personne qui exploite Stentor.",
    state: "Rechargez la page : elle montre ce qui est possible.",
    sign_in: "Reconnectez-vous.",
    soon: "Réessayez dans quelques secondes.",
    soon_or_tell: "Réessayez dans quelques secondes. Si cela persiste, prévenez la personne qui exploite Stentor.",
    tell_log: "Dites à la personne qui exploite Stentor ce que vous avez fait, et quand : le journal en dit plus.",
    again: "Vérifiez si cela a été fait, et réessayez sinon.",
    hand_in: "Soumettez-la à approbation : une personne habilitée la validera ensuite.",
    give_back: "Rendez-la, et laissez son auteur la soumettre de nouveau.",

    not_sendable: "L’annonce ne peut pas être envoyée telle quelle.",
    no_audience: "Ces destinataires ne peuvent pas être utilisés tels quels.",
    no_sense: "Dans l’état où est l’annonce, cela n’a pas de sens.",
    changed: "Quelqu’un a modifié l’annonce depuis que vous l’avez lue.",
    no_such: "Cette annonce n’existe pas.",
    not_yours: "Vos rôles ne vous permettent pas de faire cela.",
    ask_roles: "Demandez à un administrateur l’un des rôles qui le permettent ; ils se donnent dans Microsoft Entra.",
    own: "On ne valide pas une annonce que l’on a soi-même commencée, modifiée ou soumise.",
    ask_approver: "Adressez-vous à quelqu’un d’autre qui a le rôle Approbation ou Administration.",
    nobody: "Il n’y a personne que cela puisse atteindre.",
    too_many: "L’annonce s’adresse à plus de personnes que votre rôle n’en atteint.",
    narrow: "Réduisez les destinataires, ou demandez à quelqu’un dont le rôle va plus loin de l’envoyer.",
    second: "L’annonce s’adresse à tant de personnes qu’une seconde personne doit la valider.",
    grown: "Elle s’adresse à bien plus de personnes que lors de sa soumission.",
    database: "La base de données ne répond pas pour le moment.",
    wrong: "Il s’est produit une erreur qui ne devrait pas se produire.",
    too_often: "Vos demandes sont plus fréquentes qu’il n’est bon pour les autres.",
    too_long: "Cela prend plus de temps qu’une demande n’en a.",
});
