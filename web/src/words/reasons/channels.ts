/** The same of a channel, where the sentence would speak of a person. */

export const en = {
    blocked_by_policy: {
        sentence: "A Teams policy keeps our app from this team.",
        remedy: "Allow the app in the Teams admin centre (app permission policies), then retry.",
    },
    blocked_by_user: {
        sentence: "Our bot may not write in this channel.",
        remedy: "Ask an owner of the team: the channel is moderated, archived or closed to bots.",
    },
    not_installed: {
        sentence: "Our app is not installed in this team, and installing it did not help.",
        remedy: "Ask an owner of the team to add the app, then retry.",
    },
    installation_not_visible: {
        sentence: "Our app was installed in this team, but Teams did not show it in time.",
        remedy: "Retry in an hour.",
    },
    conversation_gone: {
        sentence: "The channel is gone, or closed to our bot.",
        remedy: "Check whether it was deleted or archived; then post to one that is there.",
    },
    content_refused: {
        sentence: "Teams refused this announcement for this channel.",
        remedy: "Check the text, the buttons and their links.",
    },
    service_unavailable: {
        sentence: "Teams could not be reached for this channel, several times over.",
        remedy: "Retry later.",
    },
    answer_lost: {
        sentence: "The post may be there: Teams did not answer in time.",
        remedy: "Look into the channel, or retry the unconfirmed.",
    },
    service_fault: {
        sentence: "The post may be there: Teams reported a fault while taking it.",
        remedy: "Look into the channel, or retry the unconfirmed.",
    },
    lease_ended: {
        sentence: "The post may be there: our worker stopped while sending it.",
        remedy: "Look into the channel, or retry the unconfirmed.",
    },
    set_aside: {
        sentence: "Set aside: our worker stopped three times while posting to this channel.",
        remedy: "Report this to whoever runs Stentor.",
    },
    deadline_passed: {
        sentence: "The announcement's deadline passed before this channel's turn.",
        remedy: "Retry with a later deadline.",
    },
    message_unknown: {
        sentence: "Teams named no post for this channel, so it can neither be replaced nor deleted.",
        remedy: "Look into the channel whether there is one.",
    },
    message_gone: { sentence: "The post is not in the channel any more.", remedy: "" },
    cancelled: { sentence: "The broadcast was cancelled before this channel's turn.", remedy: "" },
    already_prepared: { sentence: "The channel was known already: there was nothing to prepare.", remedy: "" },
};

export const fr: typeof en = {
    blocked_by_policy: {
        sentence: "Une stratégie Teams tient notre application à l’écart de cette équipe.",
        remedy: "Autorisez l’application dans le centre d’administration Teams (stratégies d’autorisation des applications), puis réessayez.",
    },
    blocked_by_user: {
        sentence: "Notre bot ne peut pas écrire dans ce canal.",
        remedy: "Adressez-vous à un propriétaire de l’équipe : le canal est modéré, archivé ou fermé aux bots.",
    },
    not_installed: {
        sentence: "Notre application n’est pas installée dans cette équipe, et l’installer n’a pas suffi.",
        remedy: "Demandez à un propriétaire de l’équipe d’ajouter l’application, puis réessayez.",
    },
    installation_not_visible: {
        sentence: "Notre application a été installée dans cette équipe, mais Teams ne l’a pas montrée à temps.",
        remedy: "Réessayez dans une heure.",
    },
    conversation_gone: {
        sentence: "Le canal a disparu, ou il est fermé à notre bot.",
        remedy: "Vérifiez s’il a été supprimé ou archivé ; publiez ensuite dans un canal qui existe.",
    },
    content_refused: {
        sentence: "Teams a refusé cette annonce pour ce canal.",
        remedy: "Vérifiez le texte, les boutons et leurs liens.",
    },
    service_unavailable: {
        sentence: "Teams est resté injoignable pour ce canal, plusieurs fois de suite.",
        remedy: "Réessayez plus tard.",
    },
    answer_lost: {
        sentence: "La publication y est peut-être : Teams n’a pas répondu à temps.",
        remedy: "Regardez dans le canal, ou réessayez les envois incertains.",
    },
    service_fault: {
        sentence: "La publication y est peut-être : Teams a signalé une erreur en la recevant.",
        remedy: "Regardez dans le canal, ou réessayez les envois incertains.",
    },
    lease_ended: {
        sentence: "La publication y est peut-être : notre programme s’est arrêté pendant l’envoi.",
        remedy: "Regardez dans le canal, ou réessayez les envois incertains.",
    },
    set_aside: {
        sentence: "Mis de côté : notre programme s’est arrêté trois fois en publiant dans ce canal.",
        remedy: "Signalez-le à qui exploite Stentor.",
    },
    deadline_passed: {
        sentence: "Le délai de l’annonce s’est écoulé avant le tour de ce canal.",
        remedy: "Réessayez avec un délai plus long.",
    },
    message_unknown: {
        sentence: "Teams n’a nommé aucune publication pour ce canal : elle ne peut être ni remplacée ni supprimée.",
        remedy: "Regardez dans le canal s’il y en a une.",
    },
    message_gone: { sentence: "La publication n’est plus dans le canal.", remedy: "" },
    cancelled: { sentence: "L’annonce a été annulée avant le tour de ce canal.", remedy: "" },
    already_prepared: { sentence: "Le canal était déjà connu : il n’y avait rien à préparer.", remedy: "" },
};
