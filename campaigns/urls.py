"""Addresses of campaigns."""

from django.urls import path, re_path

from campaigns import api, views

app_name = "campaigns"
urlpatterns = [
    path("campaigns", views.campaigns, name="campaigns"),
    re_path(r"^campaigns\.(?P<form>csv|xlsx)$", views.campaigns_file, name="campaigns_file"),
    re_path(
        r"^campaigns/(?P<campaign_id>[^/]{1,40})/recipients\.(?P<form>csv|xlsx)$",
        views.recipients_file,
        name="recipients_file",
    ),
    path("campaigns/<str:campaign_id>", views.campaign, name="campaign"),
    path("campaigns/<str:campaign_id>/end", views.end, name="end"),
    path("campaigns/<str:campaign_id>/analytics", api.CampaignResults.as_view(), name="analytics"),
    path("api/v1/campaigns", api.CampaignList.as_view(), name="campaign_list"),
    path("whatsapp/v1/messages/broadcast", api.WhatsappBroadcast.as_view(), name="whatsapp"),
    path("sms/v1/campaigns/create", api.SmsCampaign.as_view(), name="sms"),
    path("email/v1/templates/send", api.EmailSend.as_view(), name="email"),
]
