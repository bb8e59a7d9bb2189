package com.authgear.authrequest.follow;

import java.util.HashMap;
import java.util.Map;

/**
 * What an activity type of the audit log means for what the resolver would say (authgear-server
 * {@code pkg/api/event/nonblocking}).
 */
enum Activity {
  /** A session of the user has ended, or all of them. */
  SESSION_END,
  /** The account's state has changed, and may change again at times that the entry names. */
  ACCOUNT,
  /** The times between which the account is valid have changed; no other entry tells it. */
  VALIDITY,
  /** Roles have changed: those of the users that are named, or else of anyone. */
  ROLES,
  /** Something else that the resolver tells about the user has changed. */
  ATTRIBUTES,
  /** What has changed is not the user's own: all users may be concerned. */
  EVERYONE,
  /** Nothing that the resolver tells has changed. */
  NOTHING,
  /** This version does not know it, and it may be about a user. */
  UNKNOWN,
  /** As {@link #UNKNOWN}, and somebody changed it by the Admin API. */
  UNKNOWN_MUTATION;

  private static final String MUTATION = "ADMIN_API_MUTATION_";
  private static final String EXECUTED = "_EXECUTED";

  private static final Map<String, Activity> TYPES = new HashMap<>();

  static {
    put(SESSION_END, "USER_SIGNED_OUT", "USER_SESSION_TERMINATED");
    putMutations(SESSION_END, "REVOKE_SESSION", "REVOKE_ALL_SESSIONS");
    put(
        ACCOUNT,
        "USER_DISABLED",
        "USER_REENABLED",
        "USER_DELETION_SCHEDULED",
        "USER_DELETION_UNSCHEDULED",
        "USER_DELETED",
        "USER_ANONYMIZATION_SCHEDULED",
        "USER_ANONYMIZATION_UNSCHEDULED",
        "USER_ANONYMIZED");
    putMutations(
        ACCOUNT,
        "SET_DISABLED_STATUS",
        "SCHEDULE_ACCOUNT_DELETION",
        "UNSCHEDULE_ACCOUNT_DELETION",
        "DELETE_USER",
        "SCHEDULE_ACCOUNT_ANONYMIZATION",
        "UNSCHEDULE_ACCOUNT_ANONYMIZATION",
        "ANONYMIZE_USER");
    put(
        ATTRIBUTES,
        "USER_PROFILE_UPDATED",
        "USER_ANONYMOUS_PROMOTED",
        "IDENTITY_EMAIL_ADDED",
        "IDENTITY_EMAIL_REMOVED",
        "IDENTITY_EMAIL_UPDATED",
        "IDENTITY_EMAIL_VERIFIED",
        "IDENTITY_EMAIL_UNVERIFIED",
        "IDENTITY_PHONE_ADDED",
        "IDENTITY_PHONE_REMOVED",
        "IDENTITY_PHONE_UPDATED",
        "IDENTITY_PHONE_VERIFIED",
        "IDENTITY_PHONE_UNVERIFIED",
        "IDENTITY_USERNAME_ADDED",
        "IDENTITY_USERNAME_REMOVED",
        "IDENTITY_USERNAME_UPDATED",
        "IDENTITY_OAUTH_CONNECTED",
        "IDENTITY_OAUTH_DISCONNECTED",
        "IDENTITY_BIOMETRIC_ENABLED",
        "IDENTITY_BIOMETRIC_DISABLED",
        "PASSWORD_PRIMARY_RESET",
        "PASSWORD_PRIMARY_CHANGED",
        "PASSWORD_SECONDARY_CHANGED",
        "PASSWORD_PRIMARY_FORCE_CHANGED",
        "PASSWORD_SECONDARY_FORCE_CHANGED");
    putMutations(
        ATTRIBUTES,
        "UPDATE_USER",
        "CREATE_IDENTITY",
        "UPDATE_IDENTITY",
        "DELETE_IDENTITY",
        "CREATE_AUTHENTICATOR",
        "DELETE_AUTHENTICATOR",
        "RESET_PASSWORD",
        "SET_PASSWORD_EXPIRED");
    putMutations(
        VALIDITY, "SET_ACCOUNT_VALID_FROM", "SET_ACCOUNT_VALID_UNTIL", "SET_ACCOUNT_VALID_PERIOD");
    putMutations(
        ROLES,
        "ADD_ROLE_TO_USERS",
        "REMOVE_ROLE_FROM_USERS",
        "ADD_USER_TO_ROLES",
        "REMOVE_USER_FROM_ROLES",
        "ADD_GROUP_TO_USERS",
        "REMOVE_GROUP_FROM_USERS",
        "ADD_USER_TO_GROUPS",
        "REMOVE_USER_FROM_GROUPS");
    putMutations(
        ROLES,
        // These name no user.
        "ADD_ROLE_TO_GROUPS",
        "REMOVE_ROLE_FROM_GROUPS",
        "ADD_GROUP_TO_ROLES",
        "REMOVE_GROUP_FROM_ROLES",
        "UPDATE_ROLE",
        "DELETE_ROLE",
        "UPDATE_GROUP",
        "DELETE_GROUP");
    // These two name a claim and a consent, not whose they are.
    putMutations(EVERYONE, "SET_VERIFIED_STATUS", "DELETE_AUTHORIZATION");
    // The sessions of a client that is not in the project any more end.
    put(EVERYONE, "PROJECT_APP_UPDATED");
    put(
        NOTHING,
        "USER_CREATED",
        "USER_AUTHENTICATED",
        "USER_REAUTHENTICATED",
        "AUTHENTICATION_BLOCKED",
        "AUTHENTICATION_IDENTITY_ANONYMOUS_FAILED",
        "AUTHENTICATION_IDENTITY_BIOMETRIC_FAILED",
        "AUTHENTICATION_IDENTITY_LOGIN_ID_FAILED",
        "AUTHENTICATION_PRIMARY_OOB_OTP_EMAIL_FAILED",
        "AUTHENTICATION_PRIMARY_OOB_OTP_SMS_FAILED",
        "AUTHENTICATION_PRIMARY_PASSWORD_FAILED",
        "AUTHENTICATION_SECONDARY_OOB_OTP_EMAIL_FAILED",
        "AUTHENTICATION_SECONDARY_OOB_OTP_SMS_FAILED",
        "AUTHENTICATION_SECONDARY_PASSWORD_FAILED",
        "AUTHENTICATION_SECONDARY_RECOVERY_CODE_FAILED",
        "AUTHENTICATION_SECONDARY_TOTP_FAILED",
        "BOT_PROTECTION_VERIFICATION_FAILED",
        "EMAIL_ERROR",
        "EMAIL_SENT",
        "EMAIL_SUPPRESSED",
        "FRAUD_PROTECTION_DECISION_RECORDED",
        "M2M_TOKEN_CREATED",
        "PROJECT_APP_CREATED",
        "PROJECT_APP_SECRET_VIEWED",
        "PROJECT_BILLING_CHECKOUT_CREATED",
        "PROJECT_BILLING_SUBSCRIPTION_CANCELLED",
        "PROJECT_BILLING_SUBSCRIPTION_STATUS_UPDATED",
        "PROJECT_BILLING_SUBSCRIPTION_UPDATED",
        "PROJECT_COLLABORATOR_DELETED",
        "PROJECT_COLLABORATOR_INVITATION_ACCEPTED",
        "PROJECT_COLLABORATOR_INVITATION_CREATED",
        "PROJECT_COLLABORATOR_INVITATION_DELETED",
        "PROJECT_DOMAIN_CREATED",
        "PROJECT_DOMAIN_DELETED",
        "PROJECT_DOMAIN_VERIFIED",
        "RATE_LIMIT_BLOCKED",
        "SMS_ERROR",
        "SMS_SENT",
        "SMS_SUPPRESSED",
        "USAGE_ALERT_TRIGGERED",
        "WHATSAPP_ERROR",
        "WHATSAPP_OTP_VERIFIED",
        "WHATSAPP_SENT",
        "WHATSAPP_SUPPRESSED");
    putMutations(
        NOTHING,
        "CREATE_USER",
        "CREATE_SESSION",
        "CREATE_ROLE",
        "CREATE_GROUP",
        "CREATE_RESOURCE",
        "UPDATE_RESOURCE",
        "DELETE_RESOURCE",
        "CREATE_SCOPE",
        "UPDATE_SCOPE",
        "DELETE_SCOPE",
        "ADD_RESOURCE_TO_CLIENTID",
        "REMOVE_RESOURCE_FROM_CLIENTID",
        "ADD_SCOPES_TO_CLIENTID",
        "REMOVE_SCOPES_FROM_CLIENTID",
        "REPLACE_SCOPES_OF_CLIENTID",
        "GENERATE_OOB_OTP_CODE",
        "RESET_ACCOUNT_LOCKOUT",
        "SEND_RESET_PASSWORD_MESSAGE");
  }

  private static void put(Activity activity, String... types) {
    for (String type : types) {
      TYPES.put(type, activity);
    }
  }

  private static void putMutations(Activity activity, String... names) {
    for (String name : names) {
      TYPES.put(MUTATION + name + EXECUTED, activity);
    }
  }

  /** Whether this version knows a type; there is a bounded number of them. */
  static boolean isKnown(String type) {
    return TYPES.containsKey(type);
  }

  /** What a type means. */
  static Activity of(String type) {
    Activity known = TYPES.get(type);
    if (known != null) {
      return known;
    }
    return type.startsWith(MUTATION) ? UNKNOWN_MUTATION : UNKNOWN;
  }
}
