/** Why a broadcast, or all of an organisation's, was stopped. */

export const en = {
    secret_wrong: {
        sentence: "Entra refuses the client secret.",
        remedy: "Set teams.client_secret to the secret's value (not its id), as shown once when it was made in Entra.",
    },
    secret_expired: {
        sentence: "The client secret has expired.",
        remedy: "Make a new secret for the app registration in Entra and set teams.client_secret.",
    },
    credential_unusable: {
        sentence: "What proves to Entra who we are cannot be read, or is no use.",
        remedy: "Mend what the detail names: a file's place, its rights, its password, its contents.",
    },
    certificate_refused: {
        sentence: "Entra refuses the client certificate.",
        remedy: 'Upload the certificate to the app registration in Entra. Where it is there already, try teams.assertion = "RS256".',
    },
    assertion_out_of_time: {
        sentence: "Entra finds our assertion outside its time.",
        remedy: "Set this machine's clock and keep it (NTP). With workload identity, look why the token's file is not renewed.",
    },
    federation_refused: {
        sentence: "Entra knows no federated credential for our token.",
        remedy: "Compare issuer, subject and audience of the app registration's federated credential with those of the token.",
    },
    no_such_identity: {
        sentence: "This machine has no such managed identity.",
        remedy: "Assign the user-assigned identity to this machine, or correct teams.managed_identity_client_id.",
    },
    consent_missing: {
        sentence: "The app has no consent in this tenant.",
        remedy: "Grant admin consent to the app registration in Entra.",
    },
    app_unknown: {
        sentence: "Entra does not know the app in this tenant.",
        remedy: "Check teams.app_id and teams.tenant_id.",
    },
    tenant_unknown: { sentence: "Entra does not know this tenant.", remedy: "Check teams.tenant_id and teams.cloud." },
    identity_refused: {
        sentence: "Entra refuses to issue a token.",
        remedy: "Look at the Entra sign-in log of the app registration.",
    },
    permission_missing: {
        sentence: "The app lacks a permission in Graph.",
        remedy: "Grant the application permission named in the log to the app registration, with admin consent.",
    },
    token_refused: {
        sentence: "Teams refuses our token, even a fresh one.",
        remedy: "Check that the bot is registered for teams.app_id in this tenant and cloud.",
    },
    app_not_in_catalogue: {
        sentence: "Our app is not in the organisation's Teams catalogue.",
        remedy: "Upload the app package in the Teams admin centre, or correct teams.manifest_id.",
    },
    bot_disabled: {
        sentence: "The tenant's administrator has disabled the bot.",
        remedy: "Allow the app in the Teams admin centre.",
    },
    bot_not_registered: {
        sentence: "The bot is not registered, or its Teams channel is off.",
        remedy: "Create the Azure Bot for teams.app_id and enable its Teams channel.",
    },
    request_refused: {
        sentence: "Teams refuses our requests as malformed.",
        remedy: "Report this to whoever runs Stentor; the log names the answer.",
    },
    certificate_untrusted: {
        sentence: "A host of Microsoft showed a certificate that we do not trust.",
        remedy: "If your network opens encrypted traffic, name its certificate authority in network.extra_ca_file. Otherwise check network.connect_to and this machine's clock.",
    },
    proxy_refused: {
        sentence: "The outbound proxy does not let us through: it wants a name and a password, or others.",
        remedy: "Set network.proxy to http://name:password@host:port.",
    },
    chats_refused: {
        sentence: "Teams does not let an app look for a person's chat among her chats.",
        remedy: 'Set teams.find_chat_through to "installation".',
    },
    app_not_in_team: {
        sentence:
            "Our app is not in the team, or the chat, in whose name people are to be notified; or three people in a row do not belong to it.",
        remedy: "Install the app there, or look whether these people belong to it; then resume.",
    },
    app_not_named: {
        sentence:
            "Several Teams apps share our app registration, and the notification does not say which one it is from.",
        remedy: "Cancel it, and create the broadcast again so that it names the app.",
    },
    audience_gone: {
        sentence: "Something that its audience names is not there any more.",
        remedy: "Bring back what the detail names, then resume; or cancel it and create the broadcast again.",
    },
    content_refused: {
        sentence: "Teams refused this announcement for three people in a row.",
        remedy: "Check the text, the buttons and their links; then create the broadcast again.",
    },
};

export const fr: typeof en = {
    secret_wrong: {
        sentence: "Entra refuse le secret client.",
        remedy: "Donnez à teams.client_secret la valeur du secret (et non son identifiant), telle qu’Entra l’a montrée une seule fois à sa création.",
    },
    secret_expired: {
        sentence: "Le secret client a expiré.",
        remedy: "Créez un nouveau secret pour l’inscription d’application dans Entra, et donnez-le à teams.client_secret.",
    },
    credential_unusable: {
        sentence: "Ce qui prouve à Entra qui nous sommes est illisible ou inutilisable.",
        remedy: "Réparez ce que nomme le détail : l’emplacement d’un fichier, ses droits, son mot de passe, son contenu.",
    },
    certificate_refused: {
        sentence: "Entra refuse le certificat client.",
        remedy: 'Déposez le certificat dans l’inscription d’application dans Entra. S’il y est déjà, essayez teams.assertion = "RS256".',
    },
    assertion_out_of_time: {
        sentence: "Entra juge notre assertion périmée ou prématurée.",
        remedy: "Réglez l’horloge de cette machine et maintenez-la (NTP). Avec une identité de charge de travail, voyez pourquoi le fichier du jeton n’est pas renouvelé.",
    },
    federation_refused: {
        sentence: "Entra ne connaît aucune identification fédérée pour notre jeton.",
        remedy: "Comparez l’émetteur, le sujet et l’audience de l’identification fédérée de l’application avec ceux du jeton.",
    },
    no_such_identity: {
        sentence: "Cette machine n’a pas cette identité managée.",
        remedy: "Attribuez l’identité à cette machine, ou corrigez teams.managed_identity_client_id.",
    },
    consent_missing: {
        sentence: "L’application n’a pas de consentement dans cette organisation.",
        remedy: "Accordez le consentement administrateur à l’inscription d’application dans Entra.",
    },
    app_unknown: {
        sentence: "Entra ne connaît pas l’application dans cette organisation.",
        remedy: "Vérifiez teams.app_id et teams.tenant_id.",
    },
    tenant_unknown: {
        sentence: "Entra ne connaît pas cette organisation.",
        remedy: "Vérifiez teams.tenant_id et teams.cloud.",
    },
    identity_refused: {
        sentence: "Entra refuse de délivrer un jeton.",
        remedy: "Consultez le journal de connexion Entra de l’inscription d’application.",
    },
    permission_missing: {
        sentence: "Il manque à l’application une autorisation dans Graph.",
        remedy: "Accordez à l’inscription d’application l’autorisation que nomme le journal, avec le consentement administrateur.",
    },
    token_refused: {
        sentence: "Teams refuse notre jeton, même tout récent.",
        remedy: "Vérifiez que le bot est inscrit pour teams.app_id dans cette organisation et ce cloud.",
    },
    app_not_in_catalogue: {
        sentence: "Notre application n’est pas dans le catalogue Teams de l’organisation.",
        remedy: "Déposez le paquet de l’application dans le centre d’administration Teams, ou corrigez teams.manifest_id.",
    },
    bot_disabled: {
        sentence: "L’administrateur de l’organisation a désactivé le bot.",
        remedy: "Autorisez l’application dans le centre d’administration Teams.",
    },
    bot_not_registered: {
        sentence: "Le bot n’est pas inscrit, ou son canal Teams est coupé.",
        remedy: "Créez l’Azure Bot pour teams.app_id et activez son canal Teams.",
    },
    request_refused: {
        sentence: "Teams refuse nos requêtes, qu’il juge mal formées.",
        remedy: "Signalez-le à qui exploite Stentor ; le journal nomme la réponse.",
    },
    certificate_untrusted: {
        sentence: "Un serveur de Microsoft a présenté un certificat auquel nous ne faisons pas confiance.",
        remedy: "Si votre réseau ouvre le trafic chiffré, nommez son autorité de certification dans network.extra_ca_file. Sinon, vérifiez network.connect_to et l’horloge de cette machine.",
    },
    proxy_refused: {
        sentence: "Le proxy sortant ne nous laisse pas passer : il veut un nom et un mot de passe, ou d’autres.",
        remedy: "Donnez à network.proxy la forme http://nom:motdepasse@hôte:port.",
    },
    chats_refused: {
        sentence: "Teams ne laisse pas une application chercher la conversation d’une personne parmi les siennes.",
        remedy: 'Donnez à teams.find_chat_through la valeur "installation".',
    },
    app_not_in_team: {
        sentence:
            "Notre application n’est pas dans l’équipe, ou la conversation, au nom de laquelle on devait être averti ; ou trois personnes de suite n’en font pas partie.",
        remedy: "Installez-y l’application, ou voyez si ces personnes en font partie ; puis reprenez.",
    },
    app_not_named: {
        sentence:
            "Plusieurs applications Teams partagent notre inscription, et la notification ne dit pas de laquelle elle vient.",
        remedy: "Annulez l’annonce, et recréez-la de sorte qu’elle nomme l’application.",
    },
    audience_gone: {
        sentence: "Quelque chose que ses destinataires désignent n’existe plus.",
        remedy: "Rétablissez ce que nomme le détail, puis reprenez ; ou annulez l’annonce et recréez-la.",
    },
    content_refused: {
        sentence: "Teams a refusé cette annonce pour trois personnes de suite.",
        remedy: "Vérifiez le texte, les boutons et leurs liens ; puis recréez l’annonce.",
    },
};
